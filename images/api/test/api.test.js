import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASSWORD, createDatabase, queryOnce } from './support/database.js';
import { openConnection } from '../../service/test/connection.js';
import { inAnHour, sign } from './support/jwt.js';
import { ANON_KEY, SECRET, migrateDatabase, startApi } from './support/process.js';

const databaseUrl = await createDatabase();
await migrateDatabase(databaseUrl);
const api = await startApi(databaseUrl, { DATABASE_POOL_SIZE: '3' });

const token = (sub = 'Mara') => sign({ sub, exp: inAnHour() }, SECRET);

async function get(path, options) {
  const answer = await fetch(`${api.url}${path}`, options);
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

function post(body, { authorization = `Bearer ${token()}`, type = 'application/json', ...headers } = {}) {
  return get('/v1/stories', {
    method: 'POST',
    headers: { ...(authorization && { authorization }), 'content-type': type, ...headers },
    body: typeof body === 'object' && !(body instanceof Uint8Array) ? JSON.stringify(body) : body,
  });
}

function refuses({ status, body, headers }, expected, code) {
  assert.equal(status, expected);
  assert.deepEqual(Object.keys(body), ['error']);
  assert.deepEqual(Object.keys(body.error), ['code', 'message']);
  assert.equal(body.error.code, code);
  assert.match(headers.get('content-type'), /^application\/json/);
}

test('a fresh database has stories to show, newest first', async () => {
  const { status, body } = await get('/v1/stories');
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(body), ['stories']);
  assert.ok(body.stories.length >= 3);
  assert.deepEqual(Object.keys(body.stories[0]), ['id', 'title', 'body', 'author', 'created_at']);
  const ids = body.stories.map(({ id }) => id);
  assert.deepEqual(ids, [...ids].sort((a, b) => b - a));
});

test('a story is created in the name of the token’s subject, and read back', async () => {
  const { status, headers, body } = await post({ title: 'Robert’); drop table stories;--', body: '<b>é</b>', author: 'x' });
  assert.equal(status, 201);
  assert.equal(headers.get('location'), `/v1/stories/${body.id}`);
  assert.equal(body.author, 'Mara');
  const read = await get(headers.get('location'));
  assert.equal(read.status, 200);
  assert.deepEqual(read.body, body);
  assert.equal(new Date(body.created_at).toISOString(), body.created_at);
  assert.equal((await get('/v1/stories?limit=1')).body.stories[0].id, body.id);
});

test('pages follow one another by the last id', async () => {
  const all = (await get('/v1/stories?limit=100')).body.stories.map(({ id }) => id);
  const paged = [];
  for (let before = ''; ; before = `&before=${paged.at(-1)}`) {
    const { stories } = (await get(`/v1/stories?limit=2${before}`)).body;
    if (stories.length === 0) {
      break;
    }
    paged.push(...stories.map(({ id }) => id));
  }
  assert.deepEqual(paged, all);
});

test('what does not exist is 404, what is not offered 405', async () => {
  for (const path of ['/', '/v1', '/v1/stories/', '/v1/stories/0', '/v1/stories/999999999', '/v1/stories/x', '//', '/v1/stories/1/x']) {
    refuses(await get(path), 404, 'not_found');
  }
  const { headers, ...answer } = await get('/v1/stories', { method: 'DELETE' });
  refuses({ headers, ...answer }, 405, 'method_not_allowed');
  assert.equal(headers.get('allow'), 'GET, POST');
});

test('HEAD answers like GET without a body', async () => {
  const answer = await fetch(`${api.url}/v1/stories`, { method: 'HEAD' });
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), '');
});

test('a wrong page is 400', async () => {
  refuses(await get('/v1/stories?limit=1000'), 400, 'invalid_request');
  refuses(await get('/v1/stories?before=x'), 400, 'invalid_request');
});

test('writing needs a valid token', async () => {
  const story = { title: 't', body: 'b' };
  for (const authorization of [
    '',
    'Bearer nonsense',
    `Bearer ${sign({ sub: 'Mara', exp: inAnHour() }, SECRET, { alg: 'none' })}`,
    `Bearer ${sign({ sub: 'Mara', exp: inAnHour() }, 'another-secret-that-is-32-bytes-long')}`,
    `Bearer ${sign({ sub: 'Mara', exp: 1 }, SECRET)}`,
    `Bearer ${sign({ sub: 'Mara' }, SECRET)}`,
  ]) {
    const answer = await post(story, { authorization });
    refuses(answer, 401, 'unauthorized');
    assert.match(answer.headers.get('www-authenticate'), /^Bearer/);
  }
});

test('a wrong body is 400, another type 415', async () => {
  refuses(await post('{'), 400, 'invalid_json');
  refuses(await post(new Uint8Array([0x22, 0xff, 0x22])), 400, 'invalid_json');
  refuses(await post({ title: '', body: 'b' }), 400, 'invalid_request');
  refuses(await post({ title: 't\0', body: 'b' }), 400, 'invalid_request');
  refuses(await post({ title: 't', body: 'b' }, { type: 'text/plain' }), 415, 'unsupported_media_type');
  refuses(await post({ title: 't', body: 'b' }, { type: 'application/json; charset=latin1' }), 415, 'unsupported_media_type');
  refuses(await post({ title: 't', body: 'b' }, { 'content-encoding': 'gzip' }), 415, 'unsupported_media_type');
});

test('a body over 64 KiB is 413, with and without Content-Length, and the connection lives on', async () => {
  refuses(await post({ title: 't', body: 'b'.repeat(70000) }), 413, 'body_too_large');

  const connection = await openConnection(api.port);
  const chunk = `10000\r\n${'b'.repeat(0x10000)}\r\n`;
  connection.send(
    `POST /v1/stories HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer ${token()}\r\n` +
      `Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}${chunk}0\r\n\r\n`,
  );
  const { status, body } = await connection.answer();
  assert.equal(status, 413);
  assert.equal(JSON.parse(body).error.code, 'body_too_large');
  connection.get('/healthz');
  assert.equal((await connection.answer()).status, 200);
  connection.socket.destroy();
});

test('metrics: route templates only, the pool’s size and connections', async () => {
  await get('/v1/stories/1');
  await get('/v1/stories/2');
  await get('/no/such/path');
  const answer = await fetch(`${api.url}/metrics`);
  assert.match(answer.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  assert.match(text, /^http_requests_total\{method="GET",route="\/v1\/stories\/:id",status="200"\} \d+$/m);
  assert.match(text, /^http_request_duration_seconds_bucket\{le="0\.2",method="GET",route="\/v1\/stories\/:id",status="200"\} \d+$/m);
  const routes = new Set([...text.matchAll(/^http_requests_total\{.*route="([^"]*)"/gm)].map(([, route]) => route));
  assert.deepEqual([...routes].sort(), ['/v1/stories', '/v1/stories/:id', 'unmatched']);
  assert.match(text, /^db_pool_size 3$/m);
  for (const state of ['total', 'idle', 'waiting']) {
    assert.match(text, new RegExp(`^db_pool_connections\\{state="${state}"\\} \\d+$`, 'm'));
  }
  assert.match(text, /^process_cpu_seconds_total/m);
});

test('however many ask at once, the pool opens DATABASE_POOL_SIZE connections', async () => {
  await Promise.all(Array.from({ length: 60 }, () => get('/v1/stories')));
  const [{ count }] = await queryOnce(
    databaseUrl,
    `select count(*)::int from pg_stat_activity where datname = current_database() and application_name = 'api'`,
  );
  assert.equal(count, 3);
  assert.match(await (await fetch(`${api.url}/metrics`)).text(), /^db_pool_connections\{state="total"\} 3$/m);
});

test('healthy and ready', async () => {
  for (const path of ['/healthz', '/readyz']) {
    const { status, body } = await get(path);
    assert.equal(status, 200);
    assert.deepEqual(body, { status: 'ok' });
  }
});

test('no secret has reached the log, and every request is there', async () => {
  const id = 'the-last-request';
  await get('/v1/stories?limit=1', { headers: { 'X-Request-Id': id, Authorization: `Bearer ${token()}` } });
  const line = await api.line(({ request_id: found }) => found === id, 'request');
  const { time, duration_ms: duration, ...rest } = line;
  assert.ok(time && duration > 0);
  assert.deepEqual(rest, { level: 'info', msg: 'request', request_id: id, method: 'GET', route: '/v1/stories', status: 200 });
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), SECRET, ANON_KEY, token(), 'eyJ']) {
    assert.ok(!api.output.includes(secret));
  }
});
