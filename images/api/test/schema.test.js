import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDatabase, queryOnce } from './support/database.js';
import { migrateDatabase, startApi } from './support/process.js';

const url = await createDatabase();
const api = await startApi(url);

async function ready() {
  const answer = await fetch(`${api.url}/readyz`);
  return { status: answer.status, error: (await answer.json()).error };
}

test('not ready before the migrations, without an error in the log', async () => {
  const { status, error } = await ready();
  assert.equal(status, 503);
  assert.equal(error.code, 'schema_outdated');
  assert.match(error.message, /0001_create_stories\.sql/);
  assert.equal((await fetch(`${api.url}/healthz`)).status, 200);
});

test('the first migration that is missing is named', async () => {
  await migrateDatabase(url);
  await queryOnce(url, 'delete from schema_migrations where version = 2');
  assert.match((await ready()).error.message, /0002_seed_stories\.sql/);
  await queryOnce(url, `insert into schema_migrations (version, file, sha256) values (2, 'x', 'x')`);
});

test('ready once they are applied, and still when the schema is ahead', async () => {
  await queryOnce(url, `insert into schema_migrations (version, file, sha256) values (9999, 'x', 'x')`);
  assert.equal((await ready()).status, 200);
});

test('what was up to date is not asked for again', async () => {
  await queryOnce(url, 'drop table schema_migrations');
  assert.equal((await ready()).status, 200);
});
