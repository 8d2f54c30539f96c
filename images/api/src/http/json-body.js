import { Problem } from './problem.js';

export const BODY_LIMIT = 64 * 1024;

export async function readJson(req) {
  requireJson(req.headers);
  const bytes = await readLimited(req);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Problem(400, 'invalid_json', 'The body is not valid JSON in UTF-8.');
  }
}

function requireJson(headers) {
  const [type, ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  const charset = parameters.map((part) => part.trim()).find((part) => part.startsWith('charset='));
  const utf8 = charset === undefined || /^charset="?utf-8"?$/.test(charset);
  const plain = (headers['content-encoding'] ?? 'identity').toLowerCase() === 'identity';
  if (type.trim() !== 'application/json' || !utf8 || !plain) {
    throw new Problem(415, 'unsupported_media_type', 'Send application/json in UTF-8, not compressed.');
  }
}

// What comes after the limit is left to Node.js, which reads and drops the
// rest of a request that has been answered.
async function readLimited(req) {
  if (Number(req.headers['content-length']) > BODY_LIMIT) {
    throw tooLarge();
  }
  return new Promise((resolve, reject) => {
    const chunks = [];
    let size = 0;
    req.on('data', (chunk) => {
      size += chunk.length;
      if (size > BODY_LIMIT) {
        req.removeAllListeners('data');
        reject(tooLarge());
      } else {
        chunks.push(chunk);
      }
    });
    req.once('end', () => resolve(Buffer.concat(chunks)));
    req.once('error', () => reject(new Problem(400, 'incomplete_body', 'The body ended early.')));
  });
}

function tooLarge() {
  return new Problem(413, 'body_too_large', `The body may have at most ${BODY_LIMIT} bytes.`);
}
