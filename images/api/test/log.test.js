import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog, describeError } from '@disney-ai-plus/service/log.js';

function capture(options) {
  const lines = [];
  return { lines, log: createLog({ ...options, write: (line) => lines.push(line) }) };
}

test('a line is one JSON object with time, level, msg and the fields', () => {
  const { lines, log } = capture();
  log.info('two\nlines', { port: 1 });
  assert.equal(lines[0].indexOf('\n'), lines[0].length - 1);
  const { time, ...rest } = JSON.parse(lines[0]);
  assert.deepEqual(rest, { level: 'info', msg: 'two\nlines', port: 1 });
  assert.equal(new Date(time).toISOString(), time);
});

test('lines below the level are left out', () => {
  const { lines, log } = capture({ level: 'warn' });
  log.debug('a');
  log.info('b');
  log.warn('c');
  log.error('d');
  assert.deepEqual(lines.map((line) => JSON.parse(line).msg), ['c', 'd']);
});

test('secrets are removed wherever they appear, also with characters that JSON escapes', () => {
  const { lines, log } = capture({ secrets: ['he"llo\\', 'abcd', 'deep', 'k', undefined, ''] });
  log.info('said he"llo\\ twice', { deep: { list: ['he"llo\\'] }, key: 'xabcdx' });
  const { msg, deep, key } = JSON.parse(lines[0]);
  assert.deepEqual({ msg, deep, key }, { msg: 'said [redacted] twice', deep: { list: ['[redacted]'] }, key: 'x[redacted]x' });
});

test('of an error only message, code and stack are told', () => {
  const error = Object.assign(new Error('no'), { code: 'E', input: 'postgresql://u:hunter2@db' });
  assert.deepEqual(Object.keys(describeError(error)), ['error', 'code', 'stack']);
});

test('warnings and errors are urgent', () => {
  const urgent = [];
  const log = createLog({ level: 'debug', write: (line, now) => now && urgent.push(JSON.parse(line).level) });
  for (const level of ['debug', 'info', 'warn', 'error']) {
    log[level]('a');
  }
  assert.deepEqual(urgent, ['warn', 'error']);
});
