import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openConnection } from '../../service/test/connection.js';
import { connect, createDatabase, queryOnce } from './support/database.js';
import { inAnHour, sign } from './support/jwt.js';
import { SECRET, migrateDatabase, startApi } from './support/process.js';
import { until, within } from '../../service/test/within.js';

const url = await createDatabase();
await migrateDatabase(url);

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal}: not ready at once, a request that waits for the database finishes, exit 0`, async () => {
    const api = await startApi(url, { DRAIN_SECONDS: '1' });
    const blocker = await connect(url);
    await blocker.query('begin');
    await blocker.query('lock table stories');

    const inFlight = await openConnection(api.port);
    const body = JSON.stringify({ title: `written while draining (${signal})`, body: 'b' });
    inFlight.send(
      `POST /v1/stories HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n` +
        `Authorization: Bearer ${sign({ sub: 'Mara', exp: inAnHour() }, SECRET)}\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    await until('blocked insert', async () => {
      const { rows } = await blocker.query(`select 1 from pg_locks where not granted and relation = 'stories'::regclass`);
      return rows.length === 1;
    });

    api.child.kill(signal);
    await api.line(({ msg }) => msg === 'draining', 'draining');
    const ready = await fetch(`${api.url}/readyz`);
    assert.equal(ready.status, 503);
    assert.equal(ready.headers.get('connection'), 'close');
    assert.equal((await ready.json()).error.code, 'draining');
    assert.equal((await fetch(`${api.url}/healthz`)).status, 200);

    await until('closed port', async () => {
      const probe = await fetch(`${api.url}/healthz`).catch(() => undefined);
      return probe === undefined;
    });
    assert.equal(api.child.exitCode, null, 'the process waits for the request');
    await blocker.query('rollback');
    await blocker.end();

    const answer = await inFlight.answer();
    assert.equal(answer.status, 201);
    assert.match(answer.head, /connection: close/i);
    assert.equal(await within(5000, 'exit', () => api.exited), 0);
    assert.equal(api.lines().at(-1).msg, 'stopped');
    const [{ count }] = await queryOnce(
      url,
      `select count(*)::int from pg_stat_activity where datname = current_database() and application_name = 'api'`,
    );
    assert.equal(count, 0, 'the pool has said goodbye');
  });
}

test('a second signal ends the process at once', async () => {
  const api = await startApi(url, { DRAIN_SECONDS: '60' });
  api.child.kill('SIGINT');
  await api.line(({ msg }) => msg === 'draining', 'draining');
  api.child.kill('SIGINT');
  assert.equal(await within(5000, 'exit', () => api.exited), 1);
});

test('a port that is taken is told in one sentence', async () => {
  const api = await startApi(url);
  await assert.rejects(startApi(url, { PORT: String(api.port) }), /exited with code 1:\n.*Cannot listen on port \d+\./);
});
