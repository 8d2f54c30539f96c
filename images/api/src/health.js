import { sendJson, sendMetrics } from '@disney-ai-plus/service/answer.js';
import { Problem } from './http/problem.js';

// Alive says that this process works, ready that it can serve: a restart of
// the api would not bring back a database.
export function healthRoutes({ database, checkSchema, registry, isDraining }) {
  return {
    '/healthz': {
      probe: true,
      GET: ({ res }) => sendJson(res, 200, { status: 'ok' }),
    },
    '/readyz': {
      probe: true,
      async GET({ res }) {
        if (isDraining()) {
          throw new Problem(503, 'draining', 'This process is shutting down.');
        }
        await database.checkReady();
        await checkSchema();
        sendJson(res, 200, { status: 'ok' });
      },
    },
    '/metrics': {
      probe: true,
      GET: ({ res }) => sendMetrics(res, registry),
    },
  };
}
