import http from 'node:http';
import https from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';

const TIMEOUT_MS = 5000;
const SOCKETS_MAX = 64;
// While pods come and go, a Service may still lead to one that has gone, and a node may not know yet that the
// policies let this pod out: both pass within a second.
const UNREACHED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']);
const PAUSES_MS = [50, 100, 200, 400];
const LOOK_MS = 100;

export class ApiUnavailable extends Error {}

// Stories from the api, over connections that are kept.
export function createApiClient({ apiUrl, onAnswer, timeoutMs = TIMEOUT_MS }) {
  const base = apiUrl.replace(/\/+$/, '');
  const client = base.startsWith('https:') ? https : http;
  const agent = new client.Agent({ keepAlive: true, maxSockets: SOCKETS_MAX, scheduling: 'lifo' });

  async function get(path, { requestId }) {
    const started = performance.now();
    const done = (status) => onAnswer({ status, seconds: (performance.now() - started) / 1000 });
    const options = {
      agent,
      headers: { Accept: 'application/json', 'X-Request-Id': requestId },
      // One deadline for everything, a repeated attempt included.
      signal: AbortSignal.timeout(timeoutMs),
    };
    let answer;
    try {
      answer = await attempt(client, `${base}${path}`, options);
    } catch (error) {
      done('error');
      const reason = error.name === 'AbortError' ? `no answer within ${timeoutMs} ms` : error.message || error.code;
      throw new ApiUnavailable(reason, { cause: error });
    }
    done(answer.status);
    return answer;
  }

  async function getJson(path, context) {
    const { status, text } = await get(path, context);
    if (status === 404) {
      return undefined;
    }
    if (status !== 200) {
      throw new ApiUnavailable(`the api answered ${status}`);
    }
    try {
      return JSON.parse(text);
    } catch {
      throw new ApiUnavailable('the api answered something that is not JSON');
    }
  }

  // Whether the api answers at all, whatever it says; takes as long as a request may.
  async function reached() {
    const signal = AbortSignal.timeout(timeoutMs);
    while (!signal.aborted) {
      try {
        await send(client, `${base}/healthz`, { agent: false, signal });
        return true;
      } catch {
        await pause(LOOK_MS);
      }
    }
    return false;
  }

  return {
    reached,

    async listStories(context) {
      const page = await getJson('/v1/stories', context);
      if (!Array.isArray(page?.stories)) {
        throw new ApiUnavailable('the api answered without stories');
      }
      return page.stories;
    },

    // undefined: there is no such story.
    findStory: (id, context) => getJson(`/v1/stories/${encodeURIComponent(id)}`, context),

    close: () => agent.destroy(),
  };
}

async function attempt(client, url, options) {
  for (const delay of PAUSES_MS) {
    try {
      return await send(client, url, options);
    } catch (error) {
      // The other side closed the kept connection while the request was on its way.
      const closed = error.reusedSocket && error.code === 'ECONNRESET';
      if (!closed && !UNREACHED.has(error.code)) {
        throw error;
      }
      options = { ...options, agent: false };
      await pause(closed ? 0 : delay, undefined, { signal: options.signal });
    }
  }
  return send(client, url, options);
}

function send(client, url, options) {
  return new Promise((resolve, reject) => {
    const request = client.get(url, options, async (response) => {
      try {
        let text = '';
        for await (const chunk of response.setEncoding('utf8')) {
          text += chunk;
        }
        resolve({ status: response.statusCode, text });
      } catch (error) {
        reject(error);
      }
    });
    request.once('error', (error) => reject(Object.assign(error, { reusedSocket: request.reusedSocket })));
  });
}
