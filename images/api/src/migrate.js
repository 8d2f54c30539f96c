import { readMigrationConfig } from './config.js';
import { connectWithin } from './connect.js';
import { migrate, readMigrations } from './migrations.js';
import { MIGRATIONS } from './schema.js';
import { ConfigError, EXIT_CONFIG } from '@disney-ai-plus/service/env.js';
import { createLog } from '@disney-ai-plus/service/log.js';

async function main() {
  const { database, deadlineSeconds } = readMigrationConfig(process.env);
  const log = createLog({ secrets: database.secrets });
  try {
    const migrations = await readMigrations(MIGRATIONS);
    const client = await connectWithin(deadlineSeconds, { url: database.url, log });
    try {
      const applied = await migrate({ client, migrations, lockSeconds: deadlineSeconds, log });
      log.info('the schema is up to date', { applied, newest: migrations.at(-1)?.file });
    } finally {
      await client.end();
    }
  } catch (error) {
    log.error(error.message, error.code && { code: error.code });
    process.exitCode = 1;
  }
}

// As the first process of a container it would ignore the signal. The database
// rolls back what is not committed.
process.once('SIGTERM', () => process.exit(143));

try {
  await main();
} catch (error) {
  if (!(error instanceof ConfigError)) {
    throw error;
  }
  createLog().error(error.message);
  process.exitCode = EXIT_CONFIG;
}
