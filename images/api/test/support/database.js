import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after } from 'node:test';
import pg from 'pg';

// Every character that a URL has to escape.
export const PASSWORD = "p@ss/w:rd%?#&' \"";

// A database of its own, owned by a role that is no superuser, for one test
// file. Returns its URL.
export async function createDatabase() {
  const adminUrl = process.env.TEST_DATABASE_URL;
  assert.ok(adminUrl, 'TEST_DATABASE_URL is not set: run these tests with `npm test`.');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const admin = await open(adminUrl);
  await admin.query(`create role ${name} login password ${pg.escapeLiteral(PASSWORD)}`);
  await admin.query(`create database ${name} owner ${name}`);
  after(async () => {
    await admin.query(`drop database ${name} with (force)`);
    await admin.query(`drop role ${name}`);
    await admin.end();
  });
  const url = new URL(adminUrl);
  return `postgresql://${name}:${encodeURIComponent(PASSWORD)}@${url.host}/${name}`;
}

// A connection that ends with the test at the latest: a failed test must not
// keep its process from ending.
export async function connect(url) {
  const client = await open(url);
  after(() => client.end());
  return client;
}

export async function queryOnce(url, text, values) {
  const client = await connect(url);
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

async function open(url) {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return client;
}
