import { createApiClient } from './api-client.js';
import { createMetrics } from './metrics.js';
import { createPageCache } from './page-cache.js';
import { sendPage } from './page.js';
import { preparePages } from './pages.js';
import { securityHeaders } from './policy.js';
import { createRoutes } from './routes.js';
import { createHttpService } from '@disney-ai-plus/service/http-service.js';

export async function createApp({ config, log }) {
  const metrics = createMetrics();
  const api = createApiClient({ apiUrl: config.apiUrl, onAnswer: metrics.apiAnswered });
  const { handle, render } = await preparePages({ api, log, supabase: config.supabase });
  const pageFor = createPageCache({
    render: metrics.counted(render),
    secondsFor: (path) => (path.startsWith('/stories/') ? config.storySeconds : config.pageSeconds),
  });
  const assetHeaders = new Headers(securityHeaders({ supabaseUrl: config.supabase.url }));

  const match = createRoutes({
    registry: metrics.registry,
    isDraining: () => service.isDraining(),
    answerAsset(req, res) {
      res.setHeaders(assetHeaders);
      return handle(req, res);
    },
    async answerPage(req, res, context) {
      const [path] = req.url.split('?', 1);
      sendPage(req, res, await pageFor(path, context));
    },
  });
  const service = createHttpService({ match, metrics, log, ...config });

  return {
    // A new pod's node may learn of the policies that let it out after its start. Nobody should come until then.
    async listen() {
      if (!(await api.reached())) {
        log.warn('the api does not answer: starting without it');
      }
      return service.listen(config.port);
    },
    async stop() {
      await service.drain();
      api.close();
    },
  };
}
