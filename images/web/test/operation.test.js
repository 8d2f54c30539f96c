import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openConnection } from '../../service/test/connection.js';
import { startFakeApi } from './support/fake-api.js';
import { startWeb } from './support/web.js';
import { until, within } from '../../service/test/within.js';

test('healthy', async () => {
  const web = await startWeb((await startFakeApi()).url);
  const answer = await fetch(`${web.url}/api/health`);
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { status: 'ok' });
});

test('healthy without an api: a restart of web would not bring it back', async () => {
  const web = await startWeb('http://127.0.0.1:1');
  assert.equal((await fetch(`${web.url}/api/health`)).status, 200);
});

test('nobody can come before the api has been reached', async () => {
  const api = await startFakeApi();
  const back = await api.away();
  const web = startWeb(api.url);
  const first = await Promise.race([web, new Promise((resolve) => setTimeout(resolve, 2000, 'waits'))]);
  assert.equal(first, 'waits');
  back();
  assert.equal((await fetch((await web).url)).status, 200);
});

test('metrics: route templates, the 200 ms bucket, requests to the api', async () => {
  const api = await startFakeApi();
  const web = await startWeb(api.url);
  for (const path of ['/', '/stories/1', '/stories/2', '/stories/3', '/some/where', '/api/health']) {
    await (await fetch(`${web.url}${path}`)).text();
  }
  const answer = await fetch(`${web.url}/metrics`);
  assert.match(answer.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  for (const line of [
    'http_requests_total{method="GET",route="/",status="200"} 1',
    'http_requests_total{method="GET",route="/stories/:id",status="200"} 2',
    'http_requests_total{method="GET",route="/stories/:id",status="404"} 1',
    'http_requests_total{method="GET",route="unmatched",status="404"} 1',
    'http_requests_in_flight 0',
    'api_requests_total{status="200"} 3',
    'api_requests_total{status="404"} 1',
  ]) {
    assert.ok(text.includes(`\n${line}\n`), `${line} is not in\n${text}`);
  }
  assert.match(text, /^http_request_duration_seconds_bucket\{le="0\.2",method="GET",route="\/",status="200"\} [01]$/m);
  assert.match(text, /^process_cpu_seconds_total/m);
  assert.doesNotMatch(text, /route="\/api\/health"/);
  // The text format: comments, and samples with a number at the end.
  for (const line of text.split('\n').filter(Boolean)) {
    assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? (-?[\d.]+(e[+-]?\d+)?|[+-]Inf|NaN))$/);
  }
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal}: unhealthy at once, a page that is being made is finished, exit 0`, async () => {
    const api = await startFakeApi();
    const web = await startWeb(api.url, { DRAIN_SECONDS: '1' });
    let finish;
    api.answer = (req, res) => {
      finish = () => res.end('{"stories":[{"id":7,"title":"Slow","body":"b","author":"a","created_at":"2026-01-01T00:00:00Z"}]}');
    };
    const inFlight = fetch(web.url);
    await until('request to the api', () => finish);
    const kept = await openConnection(web.port);
    kept.get('/api/health');
    assert.match((await kept.answer()).head, /connection: keep-alive/i);

    web.child.kill(signal);
    await web.line(({ msg }) => msg === 'draining', 'draining');
    const fresh = await openConnection(web.port);
    for (const connection of [kept, fresh]) {
      connection.get('/api/health');
      const { status, head, body } = await connection.answer();
      assert.equal(status, 503);
      assert.match(head, /connection: close/i);
      assert.deepEqual(JSON.parse(body), { status: 'draining' });
    }

    const port = async () => fetch(`${web.url}/api/health`).then(() => 'open', () => 'closed');
    await until('closed port', async () => (await port()) === 'closed');
    assert.equal(web.child.exitCode, null, 'the process waits for the page');
    finish();
    const answer = await inFlight;
    assert.equal(answer.headers.get('connection'), 'close');
    assert.match(await answer.text(), /<li data-story-id="7">/);
    assert.equal(await within(5000, 'exit', () => web.exited), 0);
  });
}

test('a request that asks for an upgrade is answered like any other', async () => {
  const web = await startWeb((await startFakeApi()).url);
  await (await fetch(web.url)).text();
  for (const [path, status] of [['/', 200], ['/api/health', 200], ['/no/where', 404]]) {
    const connection = await openConnection(web.port);
    connection.get(path, 'Connection: Upgrade\r\nUpgrade: websocket\r\n');
    assert.equal((await connection.head()).status, status, path);
    connection.socket.destroy();
  }
});
