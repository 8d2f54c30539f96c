import { fileURLToPath } from 'node:url';
import { Problem } from './http/problem.js';
import { readMigrations } from './migrations.js';

export const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url));

const UNDEFINED_TABLE = '42P01';

// Holds readiness back until the migrations that this version was built with
// have been applied. Newer ones do not matter: during a rollout the schema is
// ahead of the old version.
export function createSchemaCheck(database) {
  let upToDate = false;

  async function missing() {
    const migrations = await readMigrations(MIGRATIONS);
    try {
      const rows = await database.query('select version from schema_migrations');
      const applied = new Set(rows.map(({ version }) => version));
      return migrations.filter(({ version }) => !applied.has(version));
    } catch (error) {
      if (error.code === UNDEFINED_TABLE) {
        return migrations;
      }
      throw error;
    }
  }

  return async () => {
    if (upToDate) {
      return;
    }
    const [first] = await missing();
    if (first) {
      throw new Problem(503, 'schema_outdated', `Waiting for the migration ${first.file}.`);
    }
    upToDate = true;
  };
}
