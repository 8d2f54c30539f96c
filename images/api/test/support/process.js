import { fileURLToPath } from 'node:url';
import { runProgram } from '../../../service/test/program.js';

export const SECRET = 'a-secret-that-is-only-for-tests-0123456789';
export const ANON_KEY = 'anon-key-that-is-only-for-tests';

const SOURCE = fileURLToPath(new URL('../../src/', import.meta.url));

export const runSource = (file, env) => runProgram(`${SOURCE}${file}`, env);

export function startApi(databaseUrl, env = {}) {
  return runSource('main.js', {
    PORT: '0',
    DATABASE_URL: databaseUrl,
    JWT_SECRET: SECRET,
    SUPABASE_URL: 'https://supabase.example',
    SUPABASE_ANON_KEY: ANON_KEY,
    DRAIN_SECONDS: '0',
    ...env,
  }).listening();
}

export const startMigration = (url, env = {}) => runSource('migrate.js', { DATABASE_URL: url, ...env });

export async function migrateDatabase(url, env) {
  const program = startMigration(url, env);
  return { code: await program.exited, output: program.output };
}
