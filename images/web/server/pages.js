import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import inject from 'light-my-request';
import { createPage } from './page.js';
import { createMark, securityHeaders, sourcesOf } from './policy.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

// The name under which app/services.js finds what the pages need: the pages are
// bundled, so an import would give them copies of their own.
const SERVICES = Symbol.for('disney-ai-plus.web.services');
const PASSED_ON = ['content-type', 'link', 'location'];

// Returns Next.js's request handler, run inside this process, and a function that renders a page with it.
export async function preparePages({ api, log, supabase }) {
  // Ids of renderings in which the api failed.
  const failed = new Set();
  globalThis[SERVICES] = { api, supabase, unavailable };
  const handle = await prepareNext();

  function unavailable(requestId, reason) {
    failed.add(requestId);
    log.error('the api is unavailable', { request_id: requestId, reason });
  }

  // Nothing of the request but its path and its id: what is rendered is for everybody.
  async function render(path, { requestId }) {
    const mark = createMark();
    const answer = await inject(handle, {
      method: 'GET',
      url: path,
      // The pages read the id from here to pass it on to the api.
      headers: { 'content-security-policy': mark.requestPolicy, 'x-request-id': requestId },
    });
    const passedOn = PASSED_ON.filter((name) => name in answer.headers);
    const headers = Object.fromEntries(passedOn.map((name) => [name, mark.remove(answer.headers[name])]));
    const sources = sourcesOf(answer.payload, mark);
    return createPage({
      status: answer.statusCode,
      headers: { ...headers, ...securityHeaders({ supabaseUrl: supabase.url, sources }) },
      html: mark.remove(answer.payload),
      lasting: !failed.delete(requestId) && answer.statusCode === 200,
    });
  }

  return { handle, render };
}

async function prepareNext() {
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
