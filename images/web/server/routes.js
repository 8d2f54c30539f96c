import { sendError, sendJson, sendMetrics } from '@disney-ai-plus/service/answer.js';

const PAGES = [
  [/^\/$/, '/'],
  [/^\/stories\/[^/]+$/, '/stories/:id'],
  [/^\/_next\//, '/_next/*'],
  [/^\/icon\.svg$/, '/icon.svg'],
];

// Finds the route of a request: ours first, then the pages.
export function createRoutes({ registry, isDraining, answerPage }) {
  const own = {
    '/api/health': (req, res) => {
      const draining = isDraining();
      sendJson(res, draining ? 503 : 200, { status: draining ? 'draining' : 'ok' });
    },
    '/metrics': (req, res) => sendMetrics(res, registry),
  };

  return (req) => {
    const [path] = req.url.split('?', 1);
    if (Object.hasOwn(own, path)) {
      return { route: path, probe: true, handle: readOnly(own[path]) };
    }
    const [, route = 'unmatched'] = PAGES.find(([pattern]) => pattern.test(path)) ?? [];
    return { route, handle: readOnly(answerPage) };
  };
}

function readOnly(handle) {
  return (req, res, context) => {
    if (req.method === 'GET' || req.method === 'HEAD') {
      return handle(req, res, context);
    }
    return sendError(res, 405, 'method_not_allowed', 'Use GET.', { Allow: 'GET, HEAD' });
  };
}
