import { ConfigError, Environment } from '@disney-ai-plus/service/env.js';

// RFC 7518, section 3.2: an HS256 key has at least as many bits as the hash.
const JWT_SECRET_BYTES = 32;

export function readConfig(values) {
  const env = new Environment(values);
  const config = {
    ...env.service({ port: 3001 }),
    database: readDatabase(env),
    poolSize: env.integer('DATABASE_POOL_SIZE', { min: 1, max: 1000, fallback: 10 }),
    connectionSeconds: env.integer('DATABASE_CONNECTION_SECONDS', { min: 0, max: 86400, fallback: 0 }),
    jwtSecret: env.text('JWT_SECRET'),
    supabaseUrl: env.url('SUPABASE_URL', ['https', 'http']),
    supabaseAnonKey: env.text('SUPABASE_ANON_KEY'),
  };
  if (config.jwtSecret && Buffer.byteLength(config.jwtSecret) < JWT_SECRET_BYTES) {
    env.problem(`JWT_SECRET must have at least ${JWT_SECRET_BYTES} bytes`);
  }
  env.check();
  return { ...config, secrets: [...config.database.secrets, config.jwtSecret, config.supabaseAnonKey] };
}

// The migrations know the database and nothing else.
export function readMigrationConfig(values) {
  const env = new Environment(values);
  const config = {
    database: readDatabase(env),
    deadlineSeconds: env.integer('MIGRATE_DEADLINE_SECONDS', { min: 1, max: 86400, fallback: 60 }),
  };
  env.check();
  return config;
}

function readDatabase(env) {
  const url = env.url('DATABASE_URL', ['postgresql', 'postgres']);
  if (url === undefined) {
    return undefined;
  }
  const { password } = new URL(url);
  try {
    return { url: likeLibpq(url), secrets: [url, password, decodeURIComponent(password)] };
  } catch {
    env.problem('the password in DATABASE_URL has a % that does not belong to an escape; write it as %25');
    return undefined;
  }
}

// Without this the driver reads sslmode in ways of its own: `require` verifies,
// `verify-ca` checks the host name. What PostgreSQL's manual says holds here.
function likeLibpq(text) {
  const url = new URL(text);
  if (url.searchParams.has('sslmode')) {
    url.searchParams.set('uselibpqcompat', 'true');
  }
  return url.href;
}

export { ConfigError };
