import { createAuthenticator } from './auth.js';
import { createDatabase } from './database.js';
import { healthRoutes } from './health.js';
import { createRouter } from './http/router.js';
import { createMetrics } from './metrics.js';
import { createSchemaCheck } from './schema.js';
import { createHttpService } from '@disney-ai-plus/service/http-service.js';
import { storyRoutes } from './stories/routes.js';
import { createStoryStore } from './stories/store.js';

export function createApp({ config, log }) {
  const database = createDatabase({ ...config, url: config.database.url, log });
  const metrics = createMetrics(database);
  const match = createRouter({
    ...healthRoutes({
      database,
      checkSchema: createSchemaCheck(database),
      registry: metrics.registry,
      isDraining: () => service.isDraining(),
    }),
    ...storyRoutes({ stories: createStoryStore(database), authenticate: createAuthenticator(config.jwtSecret) }),
  });
  const service = createHttpService({ match, metrics, log, ...config });

  return {
    listen: () => service.listen(config.port),
    async stop() {
      await service.drain();
      await database.end();
    },
  };
}
