import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runProgram } from '../../service/test/program.js';

test('a bug ends the process with one log line, without what the error carries', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'api-test-crash-'));
  after(() => rm(directory, { recursive: true }));
  const service = new URL('../../service/', import.meta.url).href;
  const file = join(directory, 'bug.mjs');
  await writeFile(
    file,
    `import { logCrash } from '${service}crash.js';
     import { createLog } from '${service}log.js';
     logCrash(createLog());
     setImmediate(() => new URL('hunter2:// no url'));`,
  );
  const program = runProgram(file, {});
  assert.equal(await program.exited, 1);
  assert.equal(program.lines()[0].code, 'ERR_INVALID_URL');
  assert.doesNotMatch(program.output, /hunter2/);
});
