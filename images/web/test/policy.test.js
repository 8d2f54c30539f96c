import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createMark, securityHeaders, sourcesOf } from '../server/policy.js';

const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

function marked(text, mark, more = '') {
  const [, nonce] = /'nonce-(.+)'/.exec(mark.requestPolicy);
  return `<script nonce="${nonce}"${more}>${text.replaceAll('NONCE', nonce)}</script>`;
}

test('marked inline scripts are named by what they say once the mark is gone', () => {
  const mark = createMark();
  const html = `${marked('one()', mark)}<p>text</p>${marked('say("NONCE")', mark, ' id="x"')}`;
  assert.deepEqual(sourcesOf(html, mark), [hash('one()'), hash('say("")')]);
  assert.doesNotMatch(mark.remove(html), /nonce="[^"]/);
});

test('a script without the mark, or with that of another rendering, is not allowed', () => {
  const mark = createMark();
  const html = `<script>steal()</script><script nonce="">steal()</script>${marked('steal()', createMark())}`;
  assert.deepEqual(sourcesOf(html, mark), []);
});

test('scripts with an address are left to the policy for addresses', () => {
  const mark = createMark();
  assert.deepEqual(sourcesOf(marked('', mark, ' src="/_next/a.js" async=""'), mark), []);
});

test('the policy names the sources, and the address that the browser may connect to', () => {
  const { 'content-security-policy': policy } = securityHeaders({ supabaseUrl: 'https://s.example/path', sources: ["'x'"] });
  assert.match(policy, /(^|; )script-src 'self' 'x';/);
  assert.match(policy, /(^|; )connect-src 'self' https:\/\/s\.example;/);
});
