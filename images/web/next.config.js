import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('.', import.meta.url));

export default {
  output: 'standalone',
  outputFileTracingRoot: root,
  turbopack: { root },
  // server/ is not part of the pages, so Next.js cannot know what it imports,
  // and what that needs.
  outputFileTracingIncludes: {
    '/*': [
      './node_modules/@disney-ai-plus/service/{package.json,*.js}',
      './node_modules/prom-client/{package.json,index.js,lib/**/*.js}',
      './node_modules/tdigest/{package.json,tdigest.js}',
      './node_modules/bintrees/{package.json,index.js,lib/*.js}',
      './node_modules/@opentelemetry/api/{package.json,build/src/**/*.js}',
    ],
  },
  // The pages show no images, so the 30 MB that would scale them stay out.
  images: { unoptimized: true },
  outputFileTracingExcludes: { '*': ['./node_modules/{sharp,@img}/**/*'] },
  // The root filesystem is read-only.
  experimental: { isrFlushToDisk: false },
  poweredByHeader: false,
};
