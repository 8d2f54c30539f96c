export function sendJson(res, status, value, headers = {}) {
  sendText(res, status, JSON.stringify(value), 'application/json; charset=utf-8', headers);
}

export function sendError(res, status, code, message, headers) {
  sendJson(res, status, { error: { code, message } }, headers);
}

export function sendText(res, status, text, contentType, headers = {}) {
  res.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  res.end(text);
}

export async function sendMetrics(res, registry) {
  sendText(res, 200, await registry.metrics(), registry.contentType);
}
