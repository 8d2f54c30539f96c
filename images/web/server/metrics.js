import { Counter, Histogram } from 'prom-client';
import { createHttpMetrics } from '@disney-ai-plus/service/http-metrics.js';

export function createMetrics() {
  const metrics = createHttpMetrics();
  const registers = [metrics.registry];
  const requests = new Counter({
    name: 'api_requests_total',
    help: 'Requests to the api, by status; "error" stands for no answer.',
    labelNames: ['status'],
    registers,
  });
  const duration = new Histogram({
    name: 'api_request_duration_seconds',
    help: 'Time that the api took to answer.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
    registers,
  });
  const rendered = new Counter({
    name: 'pages_rendered_total',
    help: 'Pages that were rendered; all others came from the cache.',
    registers,
  });
  return {
    ...metrics,
    counted: (render) => (...request) => {
      rendered.inc();
      return render(...request);
    },
    apiAnswered({ status, seconds }) {
      requests.inc({ status: String(status) });
      duration.observe(seconds);
    },
  };
}
