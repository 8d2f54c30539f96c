import { createApiClient } from './api-client.js';
import { createMetrics } from './metrics.js';
import { preparePages } from './pages.js';
import { createRoutes } from './routes.js';
import { secure } from './security.js';
import { createHttpService } from '@disney-ai-plus/service/http-service.js';

export async function createApp({ config, log }) {
  const metrics = createMetrics();
  const api = createApiClient({ apiUrl: config.apiUrl, onAnswer: metrics.apiAnswered });
  const renderPage = await preparePages({ api, log, supabase: config.supabase });

  const match = createRoutes({
    registry: metrics.registry,
    isDraining: () => service.isDraining(),
    answerPage(req, res, { requestId }) {
      // The pages read it from here to pass it on to the api.
      req.headers['x-request-id'] = requestId;
      secure(req, res, { supabaseUrl: config.supabase.url });
      return renderPage(req, res);
    },
  });
  const service = createHttpService({ match, metrics, log, ...config });

  return {
    listen: () => service.listen(config.port),
    async stop() {
      await service.drain();
      api.close();
    },
  };
}
