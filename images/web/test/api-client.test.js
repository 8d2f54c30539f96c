import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApiClient } from '../server/api-client.js';
import { STORIES, startFakeApi } from './support/fake-api.js';

async function start(options = {}) {
  const api = await startFakeApi();
  const statuses = [];
  const client = createApiClient({ apiUrl: `${api.url}/`, onAnswer: ({ status }) => statuses.push(status), ...options });
  return { api, client, statuses };
}

const context = { requestId: 'id-1' };

test('stories are listed and found, over one connection that is kept', async () => {
  const { api, client, statuses } = await start();
  assert.deepEqual(await client.listStories(context), STORIES);
  assert.deepEqual(await client.findStory('2', context), STORIES[0]);
  assert.equal(await client.findStory('../3', context), undefined);
  assert.equal(api.connections, 1);
  assert.deepEqual(statuses, [200, 200, 404]);
  assert.deepEqual(api.requests, [
    { path: '/v1/stories', id: 'id-1' },
    { path: '/v1/stories/2', id: 'id-1' },
    { path: '/v1/stories/..%2F3', id: 'id-1' },
  ]);
  client.close();
});

test('an api that does not answer in time, or ever, is unavailable', async () => {
  const { api, client, statuses } = await start({ timeoutMs: 200 });
  api.answer = () => {};
  await assert.rejects(client.listStories(context), /no answer within 200 ms/);
  api.answer = (req, res) => res.write('{');
  await assert.rejects(client.listStories(context), /no answer within 200 ms/);
  assert.deepEqual(statuses, ['error', 'error']);
  client.close();
});

test('errors and nonsense are refused', async () => {
  const { api, client } = await start();
  for (const [status, text, reason] of [
    [503, '{}', /the api answered 503/],
    [200, '<html>', /not JSON/],
    [200, '{}', /without stories/],
  ]) {
    api.answer = (req, res) => res.writeHead(status).end(text);
    await assert.rejects(client.listStories(context), reason);
  }
  client.close();
});

test('a kept connection that the api has just closed is replaced without a failure', async () => {
  const { api, client, statuses } = await start();
  await client.listStories(context);
  api.answer = (req) => {
    api.answer = undefined;
    req.socket.destroy();
  };
  assert.deepEqual(await client.listStories(context), STORIES);
  assert.deepEqual(statuses, [200, 200]);
  assert.equal(api.connections, 2);
  client.close();
});

test('an api that cannot be reached for a moment is asked again', async () => {
  const { api, client, statuses } = await start();
  const back = await api.away();
  const asked = client.listStories(context);
  setTimeout(back, 200);
  assert.deepEqual(await asked, STORIES);
  assert.deepEqual(statuses, [200]);
  client.close();
});

test('whether the api is reached is known as soon as it answers, or after the time of a request', async () => {
  const { api, client, statuses } = await start({ timeoutMs: 1000 });
  api.answer = (req, res) => res.writeHead(503).end();
  assert.equal(await client.reached(), true);
  const back = await api.away();
  const asked = client.reached();
  setTimeout(back, 300);
  assert.equal(await asked, true);
  await api.away();
  const started = performance.now();
  assert.equal(await client.reached(), false);
  assert.ok(performance.now() - started > 900);
  assert.deepEqual(statuses, []);
  client.close();
});

test('an api that stays away is unavailable within a second', async () => {
  const { api, client, statuses } = await start();
  await api.away();
  const started = performance.now();
  await assert.rejects(client.listStories(context), /ECONNREFUSED/);
  assert.ok(performance.now() - started > 700);
  assert.ok(performance.now() - started < 1500);
  assert.deepEqual(statuses, ['error']);
  client.close();
});
