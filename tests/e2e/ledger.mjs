// Writes numbered rows, one transaction each, and tells of every one whether its COMMIT was answered:
//
//   1700000000000 + 41 1699999990000    acknowledged at that millisecond, on a connection since then
//   1700000000100 - 42 the reason       not acknowledged: it may be there or not
//
// A number is used once, and a connection that failed is not used again.
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';

const WRITERS = 4;
const PAUSE_MS = 100;

const connectionString = new URL(process.env.DATABASE_URL);
if (connectionString.searchParams.has('sslmode')) {
  connectionString.searchParams.set('uselibpqcompat', 'true');
}
const options = {
  connectionString: connectionString.href,
  application_name: 'ledger',
  connectionTimeoutMillis: 2000,
  query_timeout: 5000,
};
let number = 0;

async function connect() {
  const client = new pg.Client(options);
  client.since = Date.now();
  // A failed query reports a lost connection as well; unheard, this event would end the process.
  client.on('error', () => {});
  await client.connect();
  // Every time: where the volume was lost, writing goes on, and the loss shows.
  await client.query('CREATE TABLE IF NOT EXISTS ledger (number bigint PRIMARY KEY, content text NOT NULL)');
  return client;
}

async function transact(client, ...statement) {
  await client.query('BEGIN');
  await client.query(...statement);
  await client.query('COMMIT');
}

async function write() {
  let client;
  for (;;) {
    number += 1;
    const mine = number;
    try {
      client ??= await connect();
      await transact(client, 'INSERT INTO ledger (number, content) VALUES ($1, md5($1::bigint::text))', [mine]);
      console.log(`${Date.now()} + ${mine} ${client.since}`);
    } catch (error) {
      console.log(`${Date.now()} - ${mine} ${(error.message || error.code || String(error)).split('\n')[0]}`);
      client?.end().catch(() => {});
      client = undefined;
    }
    await wait(PAUSE_MS);
  }
}

await Promise.all(Array.from({ length: WRITERS }, write));
