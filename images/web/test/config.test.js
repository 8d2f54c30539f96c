import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../server/config.js';
import { runWeb } from './support/web.js';

const VALID = {
  API_URL: 'http://api:3001',
  NEXT_PUBLIC_SUPABASE_URL: 'https://supabase.example',
  NEXT_PUBLIC_SUPABASE_ANON_KEY: 'anon',
};

test('the specification’s variables are enough; the rest has defaults', () => {
  const { environment, port, drainSeconds, keepAliveSeconds, logLevel } = readConfig(VALID);
  assert.deepEqual(
    { environment, port, drainSeconds, keepAliveSeconds, logLevel },
    { environment: 'production', port: 3000, drainSeconds: 5, keepAliveSeconds: 75, logLevel: 'info' },
  );
});

test('a wrong API_URL is refused', () => {
  assert.throws(() => readConfig({ ...VALID, API_URL: 'api:3001' }), {
    message: 'Cannot start: API_URL must be a URL that begins with http:// or https://.',
  });
});

test('missing variables end the program with code 78 and one line that names all of them', async () => {
  const program = runWeb({});
  assert.equal(await program.exited, 78);
  assert.deepEqual(
    program.lines().map(({ level, msg }) => [level, msg]),
    [
      [
        'error',
        'Cannot start: API_URL is missing; NEXT_PUBLIC_SUPABASE_URL is missing; NEXT_PUBLIC_SUPABASE_ANON_KEY is missing.',
      ],
    ],
  );
});
