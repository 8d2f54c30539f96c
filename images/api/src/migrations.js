import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const FILE = /^(\d{4})_([a-z0-9_]+)\.sql$/;
// Any number will do as long as nothing else in this database locks it.
export const LOCK = 7315902264;

export class MigrationError extends Error {}

export async function readMigrations(directory) {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort();
  const migrations = await Promise.all(
    files.map(async (file) => {
      const name = FILE.exec(file);
      if (!name) {
        throw new MigrationError(`${file} is not named like 0001_what_it_does.sql.`);
      }
      const sql = await readFile(join(directory, file), 'utf8');
      return { file, version: Number(name[1]), sql, sha256: createHash('sha256').update(sql).digest('hex') };
    }),
  );
  for (const [index, migration] of migrations.entries()) {
    if (migrations[index - 1]?.version === migration.version) {
      throw new MigrationError(`${migrations[index - 1].file} and ${migration.file} have the same number.`);
    }
  }
  return migrations;
}

// Applies what is missing, one transaction each. Whoever comes second waits
// for the lock and then finds nothing left to do; a failure leaves the lock to
// the end of the connection.
export async function migrate({ client, migrations, lockSeconds, log }) {
  await lock(client, lockSeconds);
  await client.query(`
    create table if not exists schema_migrations (
      version    integer primary key,
      file       text not null,
      sha256     text not null,
      applied_at timestamptz not null default now()
    )`);
  const applied = await readApplied(client);
  refuseChanged(migrations, applied);
  const missing = migrations.filter(({ version }) => !applied.has(version));
  for (const migration of missing) {
    await apply(client, migration);
    log.info('migration applied', { file: migration.file });
  }
  await client.query('select pg_advisory_unlock($1)', [LOCK]);
  return missing.length;
}

async function lock(client, seconds) {
  try {
    await client.query(`select set_config('lock_timeout', $1, false)`, [`${seconds}s`]);
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    await client.query('reset lock_timeout');
  } catch (error) {
    if (error.code === '55P03') {
      throw new MigrationError(`Another migration has been running for more than ${seconds} s; try again when it is done.`);
    }
    throw error;
  }
}

async function readApplied(client) {
  const { rows } = await client.query('select version, sha256 from schema_migrations');
  return new Map(rows.map(({ version, sha256 }) => [version, sha256]));
}

function refuseChanged(migrations, applied) {
  const changed = migrations.filter(({ version, sha256 }) => applied.has(version) && applied.get(version) !== sha256);
  if (changed.length > 0) {
    throw new MigrationError(
      `Already applied to this database, and changed since: ${changed.map(({ file }) => file).join(', ')}. ` +
        'Restore the file as it was and put the change into a new migration.',
    );
  }
}

async function apply(client, { file, version, sql, sha256 }) {
  await client.query('begin');
  try {
    await client.query(sql);
    await client.query('insert into schema_migrations (version, file, sha256) values ($1, $2, $3)', [
      version,
      file,
      sha256,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw new MigrationError(`${file} failed and was rolled back: ${error.message}.`, { cause: error });
  }
}
