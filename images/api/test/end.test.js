import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runProgram } from '../../service/test/program.js';

const service = new URL('../../service/', import.meta.url).href;

// Runs these lines, with a log, until the program ends; returns it with its exit code.
async function ended(lines) {
  const directory = await mkdtemp(join(tmpdir(), 'api-test-end-'));
  after(() => rm(directory, { recursive: true }));
  const file = join(directory, 'end.mjs');
  await writeFile(
    file,
    `import { logCrash } from '${service}crash.js';
     import { createLog } from '${service}log.js';
     const log = createLog();
     log.info('before');
     ${lines}`,
  );
  const program = runProgram(file, {});
  return { program, code: await program.exited };
}

test('a program that ends leaves no line of its log unwritten', async () => {
  const { program, code } = await ended('process.exit(3);');
  assert.equal(code, 3);
  assert.deepEqual(program.lines().map(({ msg }) => msg), ['before']);
});

test('a bug ends the process with one log line, without what the error carries', async () => {
  const { program, code } = await ended("logCrash(log); setImmediate(() => new URL('hunter2:// no url'));");
  assert.equal(code, 1);
  const [before, bug] = program.lines();
  assert.equal(before.msg, 'before');
  assert.equal(bug.code, 'ERR_INVALID_URL');
  assert.doesNotMatch(program.output, /hunter2/);
});
