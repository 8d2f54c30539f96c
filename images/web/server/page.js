import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fresh from 'fresh';
import Negotiator from 'negotiator';

// A page as it is sent, made ready once for all who ask for it. `lasting`: it is worth keeping.
export function createPage({ status, headers, html, lasting }) {
  const body = Buffer.from(html);
  return {
    status,
    lasting,
    body,
    gzip: gzipSync(body),
    headers: {
      ...headers,
      etag: `W/"${createHash('sha256').update(body).digest('base64url')}"`,
      // Kept by browsers, and asked about each time.
      'cache-control': lasting ? 'no-cache' : 'no-store',
      vary: 'Accept-Encoding',
    },
  };
}

export function sendPage(req, res, { status, lasting, body, gzip, headers }) {
  if (lasting && fresh(req.headers, headers)) {
    res.writeHead(304, headers).end();
    return;
  }
  const zipped = new Negotiator(req).encoding(['gzip', 'identity'], { preferred: ['gzip'] }) === 'gzip';
  const content = zipped ? gzip : body;
  res.writeHead(status, { ...headers, 'content-length': content.length, ...(zipped && { 'content-encoding': 'gzip' }) });
  res.end(content);
}
