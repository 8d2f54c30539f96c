import { fileURLToPath } from 'node:url';
import { runProgram } from '../../../service/test/program.js';

export const ANON_KEY = 'anon</script>key';
export const STANDALONE = fileURLToPath(new URL('../../.next/standalone/', import.meta.url));

// The built server, as the image runs it.
export const runWeb = (env) => runProgram(`${STANDALONE}server/main.js`, env);

export function startWeb(apiUrl, env = {}) {
  return runWeb({
    PORT: '0',
    API_URL: apiUrl,
    NEXT_PUBLIC_SUPABASE_URL: 'https://supabase.example',
    NEXT_PUBLIC_SUPABASE_ANON_KEY: ANON_KEY,
    DRAIN_SECONDS: '0',
    ...env,
  }).listening();
}
