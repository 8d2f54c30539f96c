import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, createDatabase } from './support/database.js';
import { migrateDatabase, startApi } from './support/process.js';

const url = await createDatabase();
await migrateDatabase(url);
const database = await connect(url);

async function servers() {
  const { rows } = await database.query(
    `select pid from pg_stat_activity where datname = current_database() and application_name = 'api'`,
  );
  return rows.map(({ pid }) => pid);
}

// Asks without a pause, so that the connection is never idle for long.
async function serversWhileBusy(seconds, env) {
  const api = await startApi(url, env);
  const seen = new Set();
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    assert.equal((await fetch(`${api.url}/v1/stories`)).status, 200);
    (await servers()).forEach((pid) => seen.add(pid));
  }
  api.child.kill('SIGTERM');
  assert.equal(await api.exited, 0);
  return seen.size;
}

test('a connection is kept as long as it works', async () => {
  assert.equal(await serversWhileBusy(2.5, {}), 1);
});

test('a connection that is busy all the time is renewed after its time, and no request is lost', async () => {
  assert.ok((await serversWhileBusy(2.5, { DATABASE_CONNECTION_SECONDS: '1' })) > 1);
});
