import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after } from 'node:test';
import { within } from './within.js';

// A test run that is cut short leaves no program behind.
const running = new Set();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));
process.once('SIGTERM', () => process.exit(1));

// Runs a Node.js program with nothing but the given environment, and reads its log.
export function runProgram(file, env) {
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const program = { child, output: '', exited: once(child, 'close').then(([code]) => code) };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      program.output += chunk;
      child.emit('output');
    });
  }
  // The whole lines so far; each has to be JSON.
  program.lines = () => program.output.split('\n').slice(0, -1).map((line) => JSON.parse(line));
  // Resolves to the first log line that fits.
  program.line = (fits, what) =>
    within(15000, `${what} in the log`, async () => {
      for (;;) {
        const found = program.lines().find(fits);
        if (found) {
          return found;
        }
        if (child.exitCode !== null) {
          throw new Error(`${file} exited with code ${child.exitCode}:\n${program.output}`);
        }
        await Promise.race([once(child, 'output'), program.exited]);
      }
    });
  program.listening = async () => {
    const { port } = await program.line(({ msg }) => msg === 'listening', 'listening');
    return Object.assign(program, { port, url: `http://127.0.0.1:${port}` });
  };
  after(() => child.kill('SIGKILL'));
  return program;
}
