import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { describeError } from '@disney-ai-plus/service/log.js';

const CONNECT_MS = 5000;
const QUERY_MS = 10000;
const PING_MS = 2000;

export class DatabaseUnavailable extends Error {}

export function createDatabase({ url, poolSize, connectionSeconds, log }) {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    application_name: 'api',
    connectionTimeoutMillis: CONNECT_MS,
    // Between two queries, never during one. Without it a busy connection would
    // keep a pooler that wants to go.
    maxLifetimeSeconds: connectionSeconds,
    query_timeout: QUERY_MS,
    keepAlive: true,
  });
  // A connection that breaks while idle is dropped by the pool; unheard, the
  // event would end the process.
  pool.on('error', (error) => log.warn('database connection lost', describeError(error)));

  let answers = 0;
  let pinging;

  async function query(text, values) {
    try {
      const result = await pool.query({ text, values });
      answers += 1;
      return result.rows;
    } catch (error) {
      throw isUnavailable(error) ? new DatabaseUnavailable(error.message, { cause: error }) : error;
    }
  }

  // However many ask, one `select 1` is under way at a time.
  function ping() {
    pinging ??= query('select 1').finally(() => {
      pinging = undefined;
    });
    return pinging;
  }

  return {
    query,

    async checkReady() {
      const before = answers;
      const late = new AbortController();
      try {
        await Promise.race([
          ping(),
          wait(PING_MS, undefined, { signal: late.signal }).then(() => {
            // A pool that is merely busy is no reason to send everybody away:
            // any answer in the meantime shows that the database is there.
            if (answers === before) {
              throw new DatabaseUnavailable(`no answer within ${PING_MS / 1000} s`);
            }
          }),
        ]);
      } finally {
        late.abort();
      }
    },

    poolSize,
    connections: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    end: () => pool.end(),
  };
}

// SQLSTATE classes: 08 connection, 28 refused login, 3D no such database,
// 53 out of resources, 57 shutting down or starting. Without a SQLSTATE the
// error comes from the network or a timeout.
function isUnavailable(error) {
  const sqlstate = /^[0-9A-Z]{5}$/.test(error.code ?? '') && /\d/.test(error.code) ? error.code : undefined;
  return sqlstate === undefined || /^(08|28|3D|53|57)/.test(sqlstate);
}
