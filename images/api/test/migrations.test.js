import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LOCK, migrate, readMigrations } from '../src/migrations.js';
import { createLog } from '@disney-ai-plus/service/log.js';
import { connect, createDatabase, queryOnce } from './support/database.js';
import { migrateDatabase, startMigration } from './support/process.js';
import { startProxy } from './support/proxy.js';
import { until } from '../../service/test/within.js';

const log = createLog({ write: () => {} });

async function folder(files) {
  const directory = await mkdtemp(join(tmpdir(), 'api-test-migrations-'));
  after(() => rm(directory, { recursive: true }));
  await Promise.all(Object.entries(files).map(([name, sql]) => writeFile(join(directory, name), sql)));
  return directory;
}

async function migrateWith(url, files, lockSeconds = 30) {
  const client = await connect(url);
  try {
    return await migrate({ client, migrations: await readMigrations(await folder(files)), lockSeconds, log });
  } finally {
    await client.end();
  }
}

test('five at once apply each migration once; a later run has nothing to do', async () => {
  const url = await createDatabase();
  const runs = await Promise.all(Array.from({ length: 5 }, () => migrateDatabase(url)));
  for (const { code, output } of runs) {
    assert.equal(code, 0, output);
  }
  const applied = runs.flatMap(({ output }) => output.split('\n').filter((line) => line.includes('migration applied')));
  assert.equal(applied.length, 2);
  assert.deepEqual(await queryOnce(url, 'select version, file, length(sha256) as digits from schema_migrations order by 1'), [
    { version: 1, file: '0001_create_stories.sql', digits: 64 },
    { version: 2, file: '0002_seed_stories.sql', digits: 64 },
  ]);
  const [{ count: before }] = await queryOnce(url, 'select count(*) from stories');
  assert.ok(Number(before) > 0);

  const again = await migrateDatabase(url);
  assert.equal(again.code, 0, again.output);
  assert.match(again.output, /"msg":"the schema is up to date","applied":0/);
  assert.deepEqual(await queryOnce(url, 'select count(*) from stories'), [{ count: before }]);
});

test('whoever comes while a migration runs waits for it', async () => {
  const url = await createDatabase();
  const files = { '0001_a.sql': 'create table a (); select pg_sleep(0.3)' };
  const applied = await Promise.all(Array.from({ length: 5 }, () => migrateWith(url, files)));
  assert.deepEqual(applied.sort(), [0, 0, 0, 0, 1]);
});

test('a migration that changed after it was applied is refused by name', async () => {
  const url = await createDatabase();
  const files = { '0001_a.sql': 'create table a ()', '0002_b.sql': 'create table b ()' };
  assert.equal(await migrateWith(url, files), 2);
  await assert.rejects(
    migrateWith(url, { ...files, '0001_a.sql': 'create table changed ()', '0003_c.sql': 'create table c ()' }),
    /Already applied to this database, and changed since: 0001_a\.sql\. Restore the file/,
  );
  const tables = await queryOnce(url, `select to_regclass('changed') as changed, to_regclass('c') as c`);
  assert.deepEqual(tables, [{ changed: null, c: null }]);
});

test('a migration that fails leaves nothing behind; the ones before it stay', async () => {
  const url = await createDatabase();
  const files = { '0001_a.sql': 'create table a ()', '0002_b.sql': 'create table b (); select 1/0' };
  await assert.rejects(migrateWith(url, files), /0002_b\.sql failed and was rolled back: division by zero\./);
  assert.deepEqual(await queryOnce(url, 'select version from schema_migrations'), [{ version: 1 }]);
  assert.deepEqual(await queryOnce(url, `select to_regclass('b') as b`), [{ b: null }]);
  assert.equal(await migrateWith(url, { ...files, '0002_b.sql': 'create table b ()' }), 1);
});

test('an older program accepts a database that is ahead of it', async () => {
  const url = await createDatabase();
  const files = { '0001_a.sql': 'create table a ()' };
  await migrateWith(url, { ...files, '0002_b.sql': 'create table b ()' });
  assert.equal(await migrateWith(url, files), 0);
});

test('waiting for another migration ends with a sentence', async () => {
  const url = await createDatabase();
  const files = { '0001_a.sql': 'create table a ()' };
  const holder = await connect(url);
  await holder.query('select pg_advisory_lock($1)', [LOCK]);
  await assert.rejects(migrateWith(url, files, 1), /Another migration has been running for more than 1 s/);
  await holder.end();
  assert.equal(await migrateWith(url, files), 1);
});

test('file names: a number of four digits, used once', async () => {
  await assert.rejects(readMigrations(await folder({ 'first.sql': '' })), /first\.sql is not named like/);
  await assert.rejects(
    readMigrations(await folder({ '0001_a.sql': '', '0001_b.sql': '' })),
    /0001_a\.sql and 0001_b\.sql have the same number/,
  );
});

test('a database that comes late is awaited', async () => {
  const url = await createDatabase();
  const proxy = await startProxy(url);
  proxy.become('refuse');
  const program = startMigration(proxy.url);
  await program.line(({ msg }) => msg === 'waiting for the database', 'waiting for the database');
  proxy.become('pass');
  assert.equal(await program.exited, 0, program.output);
  assert.match(program.output, /"msg":"the schema is up to date","applied":2/);
});

test('a database that never answers ends the wait with a sentence', async () => {
  const proxy = await startProxy('postgresql://u:hunter2@127.0.0.1:1/d');
  proxy.become('hang');
  const { code, output } = await migrateDatabase(proxy.url, { MIGRATE_DEADLINE_SECONDS: '2' });
  assert.equal(code, 1);
  assert.match(output, /The database did not answer within 2 s; the last attempt ended with: /);
  assert.doesNotMatch(output, /hunter2/);
});

test('a wrong password is not awaited, and not told', async () => {
  const url = new URL(await createDatabase());
  url.password = 'hunter2hunter2';
  const started = performance.now();
  const { code, output } = await migrateDatabase(url.href);
  assert.equal(code, 1);
  assert.match(output, /The database refuses DATABASE_URL: password authentication failed/);
  assert.doesNotMatch(output, /hunter2/);
  assert.ok(performance.now() - started < 20000);
});

test('SIGTERM ends a migration that still waits for the database', async () => {
  const proxy = await startProxy(await createDatabase());
  proxy.become('refuse');
  const program = startMigration(proxy.url);
  await until('attempt', () => program.output.includes('waiting for the database'));
  program.child.kill('SIGTERM');
  assert.equal(await program.exited, 143);
});
