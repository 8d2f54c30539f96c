import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthenticator } from '../src/auth.js';
import { inAnHour, sign } from './support/jwt.js';

const SECRET = 's'.repeat(32);
const authenticate = createAuthenticator(SECRET);
const claims = () => ({ sub: 'Mara', exp: inAnHour() });

test('a token signed with the secret is accepted, whatever the case of the scheme', async () => {
  assert.equal(await authenticate(`Bearer ${sign(claims(), SECRET)}`), 'Mara');
  assert.equal(await authenticate(`bearer ${sign(claims(), SECRET)}`), 'Mara');
});

const tampered = () => {
  const [head, , signature] = sign(claims(), SECRET).split('.');
  return [head, Buffer.from(JSON.stringify({ ...claims(), sub: 'root' })).toString('base64url'), signature].join('.');
};

for (const [what, token] of [
  ['alg none', () => sign(claims(), SECRET, { alg: 'none' })],
  ['another algorithm', () => sign(claims(), SECRET, { alg: 'HS512', hash: 'sha512' })],
  ['a wrong key', () => sign(claims(), 'w'.repeat(32))],
  ['changed claims', tampered],
  ['an expired token', () => sign({ ...claims(), exp: Math.floor(Date.now() / 1000) - 1 }, SECRET)],
  ['no exp', () => sign({ sub: 'Mara' }, SECRET)],
  ['an exp that is no number', () => sign({ ...claims(), exp: 'never' }, SECRET)],
  ['a token that begins later', () => sign({ ...claims(), nbf: inAnHour() }, SECRET)],
  ['no sub', () => sign({ exp: inAnHour() }, SECRET)],
  ['a sub that is no text', () => sign({ ...claims(), sub: 7 }, SECRET)],
  ['an empty sub', () => sign({ ...claims(), sub: ' ' }, SECRET)],
  ['an endless sub', () => sign({ ...claims(), sub: 'x'.repeat(201) }, SECRET)],
  ['no token at all', () => 'nonsense'],
]) {
  test(`refused: ${what}`, async () => {
    await assert.rejects(authenticate(`Bearer ${token()}`), ({ status, headers }) => {
      assert.equal(status, 401);
      assert.match(headers['WWW-Authenticate'], /^Bearer/);
      return true;
    });
  });
}

test('refused: no header, or another scheme', async () => {
  for (const header of [undefined, '', 'Basic abc', `Token ${sign(claims(), SECRET)}`]) {
    await assert.rejects(authenticate(header), { status: 401 });
  }
});
