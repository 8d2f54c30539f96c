import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

// 0.2 is the latency target: the share of requests below it is a bucket.
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10];
// How often the lag of the event loop is looked at. By default that is 10 ms: a hundred wakings a second cost an
// idle process 3 thousandths of a core, and what holds up requests lasts longer.
const LAG_MS = 50;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

export function createHttpMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_MS });
  const labelNames = ['method', 'route', 'status'];
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Finished HTTP requests, by route template. Status 499: the client went away first.',
    labelNames,
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request head to the end of the answer.',
    labelNames,
    buckets: BUCKETS,
    registers: [registry],
  });
  const inFlight = new Gauge({
    name: 'http_requests_in_flight',
    help: 'HTTP requests being answered now.',
    registers: [registry],
  });

  return {
    registry,
    begin: () => inFlight.inc(),
    end({ method, route, status, seconds }) {
      const labels = { method: METHODS.includes(method) ? method : 'OTHER', route, status: String(status) };
      inFlight.dec();
      requests.inc(labels);
      duration.observe(labels, seconds);
    },
  };
}
