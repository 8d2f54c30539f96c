// `npm test`: makes sure that there is a PostgreSQL server, then runs every
// test file. Arguments go to Node.js: npm test -- --test-name-pattern=drain
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startPostgres } from './postgres.js';

const directory = fileURLToPath(new URL('..', import.meta.url));
const files = (await readdir(directory)).filter((file) => file.endsWith('.test.js')).sort();
const server = process.env.TEST_DATABASE_URL
  ? { url: process.env.TEST_DATABASE_URL, stop: async () => {} }
  : await startPostgres().catch((error) => {
      console.error(error.message);
      process.exit(1);
    });

try {
  const tests = spawn(process.execPath, ['--test', '--test-concurrency=4', '--test-timeout=60000', ...process.argv.slice(2), ...files], {
    cwd: directory,
    stdio: 'inherit',
    env: { ...process.env, TEST_DATABASE_URL: server.url },
  });
  // Ctrl-C reaches the tests by itself, SIGTERM does not; this process stays to
  // stop the server.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => tests.kill());
  const [code] = await once(tests, 'exit');
  process.exitCode = code ?? 1;
} finally {
  await server.stop();
}
