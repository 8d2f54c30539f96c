import { sendError, sendJson, sendMetrics } from '@disney-ai-plus/service/answer.js';

const ASSETS = [
  [/^\/_next\//, '/_next/*'],
  [/^\/icon\.svg$/, '/icon.svg'],
];
const PAGES = [
  [/^\/$/, '/'],
  [/^\/stories\/[^/]+$/, '/stories/:id'],
];

// Finds the route of a request: ours first, then what Next.js has in files, then the pages.
export function createRoutes({ registry, isDraining, answerAsset, answerPage }) {
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
    const find = (routes) => routes.find(([pattern]) => pattern.test(path))?.[1];
    const asset = find(ASSETS);
    return asset
      ? { route: asset, handle: readOnly(answerAsset) }
      : { route: find(PAGES) ?? 'unmatched', handle: readOnly(answerPage) };
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
