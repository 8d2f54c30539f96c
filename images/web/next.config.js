import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('.', import.meta.url));

// server/ is not part of the pages, so Next.js cannot know what it imports, and what that needs.
const SERVER_PACKAGES = [
  '@disney-ai-plus/service',
  // Metrics.
  ...['prom-client', 'tdigest', 'bintrees', '@opentelemetry/api'],
  // Rendering for many: a request without a connection.
  ...['light-my-request', '@fastify/deepmerge', 'cookie', 'process-warning', 'set-cookie-parser'],
  // What browsers accept, and what they know already.
  ...['negotiator', 'fresh'],
];

export default {
  output: 'standalone',
  outputFileTracingRoot: root,
  turbopack: { root },
  outputFileTracingIncludes: {
    '/*': SERVER_PACKAGES.map((name) => `./node_modules/${name}/{package.json,*.js,{lib,dist,build/src}/**/*.{js,cjs}}`),
  },
  // The pages show no images, so the 30 MB that would scale them stay out.
  images: { unoptimized: true },
  outputFileTracingExcludes: { '*': ['./node_modules/{sharp,@img}/**/*'] },
  // The root filesystem is read-only.
  experimental: { isrFlushToDisk: false },
  poweredByHeader: false,
};
