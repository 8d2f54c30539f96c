import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseId, parsePage, parseStory } from '../src/stories/validate.js';

test('a page has 20 stories unless told, and never more than 100', () => {
  assert.deepEqual(parsePage(new URLSearchParams()), { limit: 20, before: undefined });
  assert.deepEqual(parsePage(new URLSearchParams('limit=100&before=7')), { limit: 100, before: 7 });
  for (const query of ['limit=0', 'limit=101', 'limit=', 'limit=ten', 'limit=1.5', 'before=0', 'before=-1', 'before=x']) {
    assert.throws(() => parsePage(new URLSearchParams(query)), { status: 400 }, query);
  }
});

test('an id is a positive number that the database can hold', () => {
  assert.equal(parseId('42'), 42);
  for (const text of ['0', '-1', '1e3', '01', 'x', '1'.repeat(16)]) {
    assert.equal(parseId(text), undefined, text);
  }
});

test('title and body are trimmed, and nothing else is taken over', () => {
  assert.deepEqual(parseStory({ title: ' a ', body: 'b\n', author: 'somebody else', id: 1 }), { title: 'a', body: 'b' });
});

test('the limits are part of what is allowed', () => {
  const story = { title: 't'.repeat(200), body: 'b'.repeat(10000) };
  assert.deepEqual(parseStory(story), story);
});

for (const [what, value] of [
  ['null', null],
  ['a list', []],
  ['a text', 'story'],
  ['no title', { body: 'b' }],
  ['no body', { title: 't' }],
  ['a blank title', { title: ' \t', body: 'b' }],
  ['a title that is a number', { title: 1, body: 'b' }],
  ['a title that is too long', { title: 't'.repeat(201), body: 'b' }],
  ['a body that is too long', { title: 't', body: 'b'.repeat(10001) }],
  ['a NUL', { title: 't\0', body: 'b' }],
  ['half a character', { title: 't', body: '\ud800' }],
]) {
  test(`refused as a story: ${what}`, () => {
    assert.throws(() => parseStory(value), { status: 400, code: 'invalid_request' });
  });
}
