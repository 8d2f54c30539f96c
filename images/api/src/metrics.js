import { Gauge } from 'prom-client';
import { createHttpMetrics } from '@disney-ai-plus/service/http-metrics.js';

export function createMetrics(database) {
  const metrics = createHttpMetrics();
  const registers = [metrics.registry];
  new Gauge({
    name: 'db_pool_size',
    help: 'The most connections to the database that this process opens.',
    registers,
  }).set(database.poolSize);
  new Gauge({
    name: 'db_pool_connections',
    help: 'Connections open (total), unused (idle), and requests waiting for one (waiting).',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, count] of Object.entries(database.connections())) {
        this.set({ state }, count);
      }
    },
  });
  return metrics;
}
