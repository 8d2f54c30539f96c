import { DatabaseUnavailable } from '../database.js';
import { sendError } from '@disney-ai-plus/service/answer.js';
import { Problem } from './problem.js';

// routes: { template: { METHOD: handler, probe? } }. Returns the function
// that finds the route of a request; a path nobody knows has the route
// "unmatched", so that strangers cannot invent label values.
export function createRouter(routes) {
  const compiled = Object.entries(routes).map(([template, { probe = false, ...handlers }]) => ({
    template,
    probe,
    handlers,
    pattern: new RegExp(`^${template.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`),
  }));

  return (req) => {
    const [path] = req.url.split('?', 1);
    for (const { template, probe, handlers, pattern } of compiled) {
      const found = pattern.exec(path);
      if (found) {
        return { route: template, probe, handle: answering(choose(handlers, req.method), { ...found.groups }) };
      }
    }
    return { route: 'unmatched', handle: answering(notFound, {}) };
  };
}

function choose(handlers, method) {
  // Node.js leaves the body out of an answer to HEAD.
  return handlers[method === 'HEAD' ? 'GET' : method] ?? methodNotAllowed(Object.keys(handlers));
}

function notFound() {
  throw new Problem(404, 'not_found', 'There is nothing here.');
}

function methodNotAllowed(methods) {
  return () => {
    throw new Problem(405, 'method_not_allowed', `Use ${methods.join(' or ')}.`, { Allow: methods.join(', ') });
  };
}

function answering(handler, params) {
  return async (req, res, context) => {
    try {
      const query = new URLSearchParams(req.url.split('?').slice(1).join('?'));
      await handler({ req, res, params, query, context });
    } catch (error) {
      if (error instanceof Problem) {
        sendError(res, error.status, error.code, error.message, error.headers);
      } else if (error instanceof DatabaseUnavailable && !res.headersSent) {
        context.reason = error.message;
        sendError(res, 503, 'database_unavailable', 'The database does not answer right now.', { 'Retry-After': '5' });
      } else {
        throw error;
      }
    }
  };
}
