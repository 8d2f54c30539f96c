import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';

const ATTEMPT_MS = 5000;
const PAUSE_MS = 1000;

export class ConnectError extends Error {}

// Connects as soon as the database answers. A wrong password or database name
// (SQLSTATE classes 28 and 3D) does not heal by waiting.
export async function connectWithin(seconds, { url, log }) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'migrate',
      connectionTimeoutMillis: Math.max(1, Math.min(ATTEMPT_MS, deadline - Date.now())),
    });
    // A failed query reports a lost connection as well; unheard, this event
    // would end the process without a sentence.
    client.on('error', () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end();
      const reason = error.message || error.errors?.[0]?.message || error.code;
      if (/^(28|3D)/.test(error.code ?? '')) {
        throw new ConnectError(`The database refuses DATABASE_URL: ${reason}.`);
      }
      if (Date.now() + PAUSE_MS >= deadline) {
        throw new ConnectError(`The database did not answer within ${seconds} s; the last attempt ended with: ${reason}.`);
      }
      log.info('waiting for the database', { reason });
      await wait(PAUSE_MS);
    }
  }
}
