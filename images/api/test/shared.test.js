import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';

const API = new URL('../', import.meta.url);
const WEB = new URL('../../web/', import.meta.url);

async function assertSame(ours, theirs) {
  const [a, b] = await Promise.all([readFile(new URL(ours, API), 'utf8'), readFile(new URL(theirs, WEB), 'utf8')]);
  assert.equal(b, a, `api/${ours} and web/${theirs} differ; make the change in both.`);
}

// Each image is built from its own folder, so what both need is there twice.
test('src/shared is the same, byte for byte, as web’s server/shared', async () => {
  const files = (await readdir(new URL('src/shared/', API))).sort();
  assert.ok(files.length > 0);
  assert.deepEqual((await readdir(new URL('server/shared/', WEB))).sort(), files);
  await Promise.all(files.map((file) => assertSame(`src/shared/${file}`, `server/shared/${file}`)));
});

test('so are the helpers of both test suites, and .npmrc', async () => {
  const files = ['test/support/connection.js', 'test/support/program.js', 'test/support/within.js', '.npmrc'];
  await Promise.all(files.map((file) => assertSame(file, file)));
});
