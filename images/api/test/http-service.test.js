import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { sendJson } from '@disney-ai-plus/service/answer.js';
import { createHttpMetrics } from '@disney-ai-plus/service/http-metrics.js';
import { createHttpService } from '@disney-ai-plus/service/http-service.js';
import { createLog } from '@disney-ai-plus/service/log.js';
import { openConnection } from '../../service/test/connection.js';
import { until, within } from '../../service/test/within.js';

// GET /slow waits for finish(), /fail throws, /probe is a probe.
async function start({ drainSeconds = 0 } = {}) {
  const lines = [];
  const slow = [];
  const handlers = {
    '/quick': (req, res) => sendJson(res, 200, { quick: true }),
    '/fail': () => {
      throw new Error('the reason');
    },
    '/slow': async (req, res) => {
      await new Promise((resolve) => {
        slow.push(resolve);
        service.server.emit('slow');
      });
      sendJson(res, 200, { slow: true });
    },
    '/probe': (req, res) => sendJson(res, service.isDraining() ? 503 : 200, {}),
  };
  const metrics = createHttpMetrics();
  const service = createHttpService({
    match: (req) => ({ route: req.url, handle: handlers[req.url], probe: req.url === '/probe' }),
    metrics,
    log: createLog({ level: 'debug', write: (line) => lines.push(JSON.parse(line)) }),
    keepAliveSeconds: 75,
    drainSeconds,
  });
  const port = await service.listen(0);
  after(() => {
    service.server.close();
    service.server.closeAllConnections();
  });
  return {
    ...service,
    port,
    lines,
    slowBegins: () => once(service.server, 'slow'),
    finish: () => slow.splice(0).forEach((resolve) => resolve()),
    metrics: () => metrics.registry.metrics(),
  };
}

test('connections are kept for longer than an edge keeps them', async () => {
  const { server, port } = await start();
  const connection = await openConnection(port);
  connection.get('/quick');
  assert.match((await connection.answer()).head, /connection: keep-alive/i);
  connection.get('/quick');
  assert.equal((await connection.answer()).status, 200);
  assert.equal(server.keepAliveTimeout, 75_000);
  assert.ok(server.headersTimeout > server.keepAliveTimeout);
  assert.ok(server.requestTimeout >= server.headersTimeout);
});

test('a harmless request id is kept and echoed, any other replaced', async () => {
  const { port, lines } = await start();
  const ask = async (id) => {
    const answer = await fetch(`http://127.0.0.1:${port}/quick`, { headers: id ? { 'X-Request-Id': id } : {} });
    await answer.text();
    return answer.headers.get('x-request-id');
  };
  assert.equal(await ask('edge-1.2_3'), 'edge-1.2_3');
  for (const id of [undefined, 'x'.repeat(129), 'a b', '<script>', '"']) {
    assert.match(await ask(id), /^[0-9a-f-]{36}$/, String(id));
  }
  assert.equal(lines[0].request_id, 'edge-1.2_3');
  assert.deepEqual(Object.keys(lines[0]), ['time', 'level', 'msg', 'request_id', 'method', 'route', 'status', 'duration_ms']);
});

test('an exception is answered with 500 and without its reason, which is logged', async () => {
  const { port, lines } = await start();
  const answer = await fetch(`http://127.0.0.1:${port}/fail`);
  assert.equal(answer.status, 500);
  assert.deepEqual(await answer.json(), { error: { code: 'internal', message: 'Something went wrong on our side.' } });
  assert.equal(lines[0].error, 'the reason');
  assert.equal(lines[0].request_id, answer.headers.get('x-request-id'));
});

test('a request that cannot be read is answered with a JSON error', async () => {
  const { port } = await start();
  const connection = await openConnection(port);
  connection.send('NONSENSE\r\n\r\n');
  const { status, body } = await connection.answer();
  assert.equal(status, 400);
  assert.equal(JSON.parse(body).error.code, 'bad_request');
  await within(5000, 'end of the connection', () => connection.closed);
});

test('metrics: route and status, the 200 ms bucket, requests in flight; probes do not count', async () => {
  const service = await start();
  const base = `http://127.0.0.1:${service.port}`;
  for (const path of ['/quick', '/probe', '/fail']) {
    await (await fetch(`${base}${path}`)).text();
  }
  const begins = service.slowBegins();
  const slow = fetch(`${base}/slow`);
  await begins;
  assert.match(await service.metrics(), /^http_requests_in_flight 1$/m);
  service.finish();
  await (await slow).text();
  const text = await service.metrics();
  assert.match(text, /^http_requests_total\{method="GET",route="\/quick",status="200"\} 1$/m);
  assert.match(text, /^http_requests_total\{method="GET",route="\/fail",status="500"\} 1$/m);
  assert.match(text, /^http_request_duration_seconds_bucket\{le="0\.2",method="GET",route="\/quick",status="200"\} 1$/m);
  assert.match(text, /^http_requests_in_flight 0$/m);
  assert.match(text, /^process_resident_memory_bytes \d+$/m);
  assert.doesNotMatch(text, /probe/);
});

test('a client that leaves early is counted as 499', async () => {
  const service = await start();
  const connection = await openConnection(service.port);
  const begins = service.slowBegins();
  connection.get('/slow');
  await begins;
  connection.socket.destroy();
  await until('request in the log', () => service.lines.length > 0);
  assert.equal(service.lines[0].status, 499);
  service.finish();
});

test('drain: in-flight requests finish, old and new connections are answered and closed', async () => {
  const service = await start({ drainSeconds: 1 });
  const [inFlight, kept] = [await openConnection(service.port), await openConnection(service.port)];
  kept.get('/quick');
  assert.match((await kept.answer()).head, /connection: keep-alive/i);
  const begins = service.slowBegins();
  inFlight.get('/slow');
  await begins;

  const started = performance.now();
  const drained = service.drain();

  // Both kinds of connection are still served, and asked to leave.
  const fresh = await openConnection(service.port);
  for (const connection of [kept, fresh]) {
    connection.get('/quick');
    const { status, head } = await connection.answer();
    assert.equal(status, 200);
    assert.match(head, /connection: close/i);
    assert.deepEqual(await within(5000, 'end of the connection', () => connection.closed), { hadError: false });
  }
  assert.equal((await fetch(`http://127.0.0.1:${service.port}/probe`)).status, 503);

  // The port closes after the drain time although a request is under way.
  await until('end of listening', () => !service.server.listening);
  assert.ok(performance.now() - started >= 990);
  service.finish();
  const { status, head, body } = await inFlight.answer();
  assert.equal(status, 200);
  assert.match(head, /connection: close/i);
  assert.equal(body, '{"slow":true}');
  await within(5000, 'end of the drain', () => drained);
});

test('drain: a connection that never sent a request does not hold it up', async () => {
  const service = await start();
  const silent = await openConnection(service.port);
  await within(5000, 'end of the drain', () => service.drain());
  await within(5000, 'end of the connection', () => silent.closed);
});
