import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig, readMigrationConfig } from '../src/config.js';
import { runSource } from './support/process.js';

const VALID = {
  DATABASE_URL: 'postgresql://disney_app:p%40ss@db:5432/disney_app',
  JWT_SECRET: 'x'.repeat(32),
  SUPABASE_URL: 'https://supabase.example',
  SUPABASE_ANON_KEY: 'anon',
};

test('the specification’s variables are enough; the rest has defaults', () => {
  const config = readConfig(VALID);
  assert.equal(config.environment, 'production');
  assert.equal(config.port, 3001);
  assert.equal(config.poolSize, 10);
  assert.equal(config.connectionSeconds, 0);
  assert.equal(config.drainSeconds, 5);
  assert.equal(config.keepAliveSeconds, 75);
  assert.equal(config.logLevel, 'info');
});

test('the migrations need DATABASE_URL only', () => {
  assert.equal(readMigrationConfig({ DATABASE_URL: VALID.DATABASE_URL }).deadlineSeconds, 60);
});

test('the environment may be staging', () => {
  assert.equal(readConfig({ ...VALID, NODE_ENV: 'staging' }).environment, 'staging');
});

test('every missing variable is named in one sentence', () => {
  assert.throws(() => readConfig({}), {
    message:
      'Cannot start: DATABASE_URL is missing; JWT_SECRET is missing; SUPABASE_URL is missing; SUPABASE_ANON_KEY is missing.',
  });
});

for (const [name, value, message] of [
  ['PORT', '70000', 'PORT must be a whole number from 0 to 65535, not "70000"'],
  ['PORT', '3e3', 'PORT must be a whole number from 0 to 65535, not "3e3"'],
  ['DATABASE_POOL_SIZE', '0', 'DATABASE_POOL_SIZE must be a whole number from 1 to 1000, not "0"'],
  ['DATABASE_CONNECTION_SECONDS', '1m', 'DATABASE_CONNECTION_SECONDS must be a whole number from 0 to 86400, not "1m"'],
  ['DRAIN_SECONDS', '-1', 'DRAIN_SECONDS must be a whole number from 0 to 3600, not "-1"'],
  ['LOG_LEVEL', 'loud', 'LOG_LEVEL must be one of debug, info, warn, error, not "loud"'],
  ['NODE_ENV', 'prod', 'NODE_ENV must be one of production, staging, development, test, not "prod"'],
  ['JWT_SECRET', 'short', 'JWT_SECRET must have at least 32 bytes'],
  ['SUPABASE_URL', 'supabase', 'SUPABASE_URL must be a URL that begins with https:// or http://'],
  ['DATABASE_URL', 'mysql://u:hunter2@db/x', 'DATABASE_URL must be a URL that begins with postgresql:// or postgres://'],
  ['DATABASE_URL', 'postgresql://u:hunter2%@db/x', 'the password in DATABASE_URL has a % that does not belong to an escape; write it as %25'],
]) {
  test(`${name}=${value} is refused, and no secret is repeated`, () => {
    assert.throws(() => readConfig({ ...VALID, [name]: value }), { message: `Cannot start: ${message}.` });
  });
}

test('a bad configuration ends both programs with code 78 and one line', async () => {
  for (const file of ['main.js', 'migrate.js']) {
    const program = runSource(file, { DATABASE_URL: 'nonsense' });
    assert.equal(await program.exited, 78, file);
    const lines = program.lines();
    assert.equal(lines.length, 1, program.output);
    assert.match(lines[0].msg, /^Cannot start: DATABASE_URL must be a URL/);
  }
});

test('sslmode means to the driver what it means to PostgreSQL’s own programs', () => {
  const url = (query) => readConfig({ ...VALID, DATABASE_URL: `${VALID.DATABASE_URL}${query}` }).database.url;
  assert.equal(url(''), VALID.DATABASE_URL);
  assert.equal(url('?sslmode=require'), `${VALID.DATABASE_URL}?sslmode=require&uselibpqcompat=true`);
});
