import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batched } from '@disney-ai-plus/service/batch.js';

function capture(t) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const written = [];
  return { written, line: batched((text) => written.push(text)) };
}

test('lines are written together, within a tenth of a second', (t) => {
  const { written, line } = capture(t);
  line('a\n');
  t.mock.timers.tick(60);
  line('b\n');
  assert.deepEqual(written, []);
  t.mock.timers.tick(40);
  assert.deepEqual(written, ['a\nb\n']);
  line('c\n');
  t.mock.timers.tick(100);
  assert.deepEqual(written, ['a\nb\n', 'c\n']);
});

test('an urgent line goes at once, after those that wait', (t) => {
  const { written, line } = capture(t);
  line('a\n');
  line('b\n', true);
  assert.deepEqual(written, ['a\nb\n']);
  t.mock.timers.tick(1000);
  assert.equal(written.length, 1);
});

test('many lines do not wait', (t) => {
  const { written, line } = capture(t);
  const long = `${'x'.repeat(1000)}\n`;
  for (let count = 0; count < 17; count += 1) {
    line(long);
  }
  assert.deepEqual(written, [long.repeat(17)]);
});
