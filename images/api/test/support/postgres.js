import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const START_MS = 30000;
const PASSWORD = 'only-for-tests';

// Starts a throw-away server; initdb refuses to run as root, so root hands
// over to nobody.
export async function startPostgres() {
  const bin = findBin();
  const user = process.getuid() === 0 ? await lookUp('nobody') : {};
  const directory = await mkdtemp(join(tmpdir(), 'api-test-postgres-'));
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  const remove = () => rm(directory, { recursive: true, force: true });

  try {
    writeFileSync(passwordFile, PASSWORD);
    if (user.uid !== undefined) {
      chownSync(directory, user.uid, user.gid);
      chownSync(passwordFile, user.uid, user.gid);
    }
    await run(
      join(bin, 'initdb'),
      [`--pgdata=${data}`, '--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8',
        '--locale=C', '--no-sync'],
      { ...user, cwd: directory },
    );
    const port = await freePort();
    const server = spawn(
      join(bin, 'postgres'),
      ['-D', data, '-c', `port=${port}`, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=',
        '-c', 'fsync=off'],
      { ...user, cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const exited = once(server, 'exit');
    await started(server);
    return {
      url: `postgresql://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`,
      async stop() {
        server.kill('SIGINT');
        await exited;
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function findBin() {
  const debian = '/usr/lib/postgresql';
  const candidates = [...process.env.PATH.split(delimiter), ...versions(debian).map((version) => join(debian, version, 'bin'))];
  const found = candidates.find((bin) => isExecutable(join(bin, 'initdb')) && isExecutable(join(bin, 'postgres')));
  if (!found) {
    throw new Error(
      'The tests need a PostgreSQL server: set TEST_DATABASE_URL to one where they may create databases and roles, ' +
        'or install PostgreSQL (initdb on PATH or in /usr/lib/postgresql/*/bin).',
    );
  }
  return found;
}

function versions(directory) {
  try {
    return readdirSync(directory).sort((a, b) => b - a);
  } catch {
    return [];
  }
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function lookUp(name) {
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, name])).stdout)));
  return { uid, gid };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function started(server) {
  let output = '';
  return new Promise((resolve, reject) => {
    const fail = (reason) => reject(new Error(`The test server of PostgreSQL ${reason}:\n${output}`));
    const timer = setTimeout(() => {
      server.kill('SIGKILL');
      fail(`was not ready within ${START_MS / 1000} s`);
    }, START_MS);
    server.once('exit', () => fail('did not start'));
    server.stderr.on('data', (chunk) => {
      output += chunk;
      if (output.includes('ready to accept connections')) {
        clearTimeout(timer);
        resolve();
      }
    });
  });
}
