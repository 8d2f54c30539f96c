import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { describeError } from './log.js';
import { requestId } from './request-id.js';
import { sendError } from './answer.js';

const CLIENT_CLOSED_REQUEST = 499;
const LAST_BYTES_MS = 1000;

// An HTTP server that knows every request in flight: it gives each an id, a
// log line and metrics, and can drain without dropping any of them.
//
// match(req) returns { route, handle, probe }: the route's template, the
// function that answers (req, res, context), and whether the request is a probe
// or a scrape: those stay out of the metrics, and out of the log unless they
// fail. A handler that answers with a failure says why in context.reason.
export function createHttpService({ match, metrics, log, keepAliveSeconds, drainSeconds }) {
  const inFlight = new Set();
  let draining = false;
  let idle = () => {};

  const server = createServer({
    keepAliveTimeout: keepAliveSeconds * 1000,
    headersTimeout: (keepAliveSeconds + 5) * 1000,
    requestTimeout: (keepAliveSeconds + 30) * 1000,
  });

  server.on('request', async (req, res) => {
    const started = performance.now();
    const { route, handle, probe = false } = match(req);
    const context = { requestId: requestId(req.headers['x-request-id']) };

    inFlight.add(res);
    if (!probe) {
      metrics.begin();
    }
    res.setHeader('X-Request-Id', context.requestId);
    if (draining) {
      res.setHeader('Connection', 'close');
    }

    res.once('close', () => {
      const status = res.writableFinished ? res.statusCode : CLIENT_CLOSED_REQUEST;
      const seconds = (performance.now() - started) / 1000;
      if (!probe) {
        metrics.end({ method: req.method, route, status, seconds });
      }
      const [good, bad] = probe ? ['debug', 'warn'] : ['info', 'error'];
      const level = status >= 500 ? bad : good;
      log[level]('request', {
        request_id: context.requestId,
        method: req.method,
        route,
        status,
        duration_ms: Math.round(seconds * 1e6) / 1e3,
        ...(context.reason && { reason: context.reason }),
      });
      inFlight.delete(res);
      if (inFlight.size === 0) {
        idle();
      }
    });

    try {
      await handle(req, res, context);
    } catch (error) {
      log.error('request failed', { request_id: context.requestId, route, ...describeError(error) });
      if (res.headersSent) {
        res.destroy();
      } else {
        sendError(res, 500, 'internal', 'Something went wrong on our side.');
      }
    }
  });

  server.on('clientError', refuseMalformed);

  return {
    server,
    isDraining: () => draining,

    async listen(port) {
      // Without a host Node.js listens on :: and 0.0.0.0, whatever HOSTNAME says.
      await new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, resolve);
      });
      return server.address().port;
    },

    // Readiness fails from the first moment; everybody who has not noticed yet
    // is answered for drainSeconds and asked to leave the connection. Closing
    // at once would reset requests that are already on their way.
    async drain() {
      draining = true;
      for (const res of inFlight) {
        if (!res.headersSent) {
          res.setHeader('Connection', 'close');
        }
      }
      await wait(drainSeconds * 1000);

      const closed = new Promise((resolve) => server.close(resolve));
      if (inFlight.size > 0) {
        await new Promise((resolve) => {
          idle = resolve;
        });
      }
      // Left now: connections flushing their last bytes, and ones that never
      // sent a request, which server.close() alone would await for ever.
      const cut = setTimeout(() => server.closeAllConnections(), LAST_BYTES_MS);
      await closed;
      clearTimeout(cut);
    },
  };
}

function refuseMalformed(error, socket) {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code] = {
    HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'headers_too_large'],
    ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'timeout'],
  }[error.code] ?? ['400 Bad Request', 'bad_request'];
  const body = JSON.stringify({ error: { code, message: 'The request could not be read.' } });
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
