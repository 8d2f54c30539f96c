import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASSWORD, createDatabase } from './support/database.js';
import { SECRET, migrateDatabase, startApi } from './support/process.js';
import { startProxy } from './support/proxy.js';
import { until } from '../../service/test/within.js';

const url = await createDatabase();
await migrateDatabase(url);
const proxy = await startProxy(url);
const api = await startApi(proxy.url, { LOG_LEVEL: 'debug' });
const status = async (path) => (await fetch(`${api.url}${path}`)).status;

for (const mode of ['refuse', 'hang']) {
  test(`a database that is down (${mode}): not ready, alive, 503 for requests, and back again`, async () => {
    assert.equal(await status('/readyz'), 200);
    proxy.become(mode);
    const started = performance.now();
    const answer = await fetch(`${api.url}/readyz`);
    assert.equal(answer.status, 503);
    assert.ok(performance.now() - started < 4000, 'the answer is bounded');
    const { error } = await answer.json();
    assert.equal(error.code, 'database_unavailable');
    assert.equal(await status('/healthz'), 200);

    const request = await fetch(`${api.url}/v1/stories`);
    assert.equal(request.status, 503);
    assert.equal(request.headers.get('retry-after'), '5');
    assert.equal((await request.json()).error.code, 'database_unavailable');

    proxy.become('pass');
    await until('readiness', async () => (await status('/readyz')) === 200, 20000);
    assert.equal(await status('/v1/stories'), 200);
  });
}

test('the log says why, without a secret', async () => {
  const failed = api.lines().filter(({ route, status: code }) => route === '/readyz' && code === 503);
  assert.ok(failed.length >= 2);
  assert.ok(failed.every(({ level, reason }) => level === 'warn' && reason));
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), SECRET]) {
    assert.ok(!api.output.includes(secret));
  }
});
