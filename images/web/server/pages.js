import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

// The name under which app/services.js finds what the pages need: the pages are
// bundled, so an import would give them copies of their own.
const SERVICES = Symbol.for('disney-ai-plus.web.services');

// Returns Next.js's request handler, run inside this process.
export async function preparePages(services) {
  globalThis[SERVICES] = services;

  // React and Next.js choose their production build by this variable, which
  // may well say "staging" here; config.js has read it before.
  process.env.NODE_ENV = 'production';
  process.env.NEXT_TELEMETRY_DISABLED = '1';
  const { config } = JSON.parse(await readFile(`${ROOT}.next/required-server-files.json`, 'utf8'));
  // As in the server.js that Next.js generates: the configuration is settled
  // by the build and needs none of the code that reads next.config.js.
  process.env.__NEXT_PRIVATE_STANDALONE_CONFIG = JSON.stringify(config);

  const { default: next } = await import('next');
  // Next.js would take over requests that ask for an upgrade (its development
  // server needs it) and never answer them; a server that has none keeps them ours.
  const httpServer = new EventEmitter();
  const app = next({ dev: false, dir: ROOT, conf: config, httpServer });
  await app.prepare();
  return app.getRequestHandler();
}
