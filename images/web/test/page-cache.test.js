import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPageCache } from '../server/page-cache.js';
import { startFakeApi } from './support/fake-api.js';
import { startWeb } from './support/web.js';
import { until } from '../../service/test/within.js';

// Renders what the test says, when it says so.
function stage(seconds) {
  const asked = [];
  const pageFor = createPageCache({
    secondsFor: () => seconds,
    render: (path) =>
      new Promise((resolve, reject) => {
        asked.push({ path, show: (lasting = true) => resolve({ lasting, number: asked.length }), fail: reject });
      }),
  });
  return { asked, pageFor };
}

test('who asks while a page is rendered waits for the same one', async () => {
  const { asked, pageFor } = stage(3600);
  const pages = [pageFor('/'), pageFor('/'), pageFor('/stories/1')];
  assert.deepEqual(asked.map(({ path }) => path), ['/', '/stories/1']);
  asked[0].show();
  assert.equal(await pages[0], await pages[1]);
  assert.equal(await pageFor('/'), await pages[0]);
  assert.equal(asked.length, 2);
});

test('a page is not older than it may be, counted from when its rendering began', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const { asked, pageFor } = stage(1);
  const first = pageFor('/');
  now = 600;
  asked[0].show();
  await first;
  now = 999;
  pageFor('/');
  assert.equal(asked.length, 1);
  now = 1000;
  pageFor('/');
  assert.equal(asked.length, 2);
});

test('a page that is not to last is for those who wait, and a failure too', async () => {
  const { asked, pageFor } = stage(3600);
  const first = pageFor('/');
  asked[0].show(false);
  await first;
  const second = pageFor('/');
  assert.equal(asked.length, 2);
  asked[1].fail(new Error('broken'));
  await assert.rejects(second, /broken/);
  pageFor('/');
  assert.equal(asked.length, 3);
});

test('without a time every request has its own', () => {
  const { asked, pageFor } = stage(0);
  pageFor('/');
  pageFor('/');
  assert.equal(asked.length, 2);
});

test('the number of pages kept is limited', async () => {
  const { asked, pageFor } = stage(3600);
  for (let id = 0; id <= 200; id += 1) {
    const page = pageFor(`/stories/${id}`);
    asked.at(-1).show();
    await page;
  }
  await pageFor('/stories/200');
  await pageFor('/stories/1');
  assert.equal(asked.length, 201);
  pageFor('/stories/0');
  assert.equal(asked.length, 202);
});

test('a crowd costs the api one request, whatever it adds to the address', async () => {
  const api = await startFakeApi();
  const web = await startWeb(api.url, { PAGE_CACHE_SECONDS: '3600' });
  const asked = api.requests.length;
  const texts = await Promise.all(Array.from({ length: 50 }, async (_, n) => (await fetch(`${web.url}/?n=${n}`)).text()));
  assert.equal(new Set(texts).size, 1);
  assert.equal(api.requests.length, asked + 1);
  assert.match(await (await fetch(`${web.url}/metrics`)).text(), /^pages_rendered_total 1$/m);
});

test('a story is rendered once a minute, unless it is told otherwise', async () => {
  const api = await startFakeApi();
  for (const [env, renderings] of [[{ PAGE_CACHE_SECONDS: '0' }, 1], [{ STORY_CACHE_SECONDS: '0' }, 2]]) {
    const web = await startWeb(api.url, env);
    for (let n = 0; n < 2; n += 1) {
      await (await fetch(`${web.url}/stories/2`)).text();
    }
    assert.match(await (await fetch(`${web.url}/metrics`)).text(), new RegExp(`^pages_rendered_total ${renderings}$`, 'm'));
  }
});

test('a new story is on the page within the second', async () => {
  const api = await startFakeApi();
  const web = await startWeb(api.url);
  await (await fetch(web.url)).text();
  api.answer = (req, res) => res.end('{"stories":[]}');
  const changed = performance.now();
  await until('the change', async () => /No story has been told/.test(await (await fetch(web.url)).text()));
  assert.ok(performance.now() - changed < 1500);
});

test('the notice of an api that failed is not kept', async () => {
  const api = await startFakeApi();
  const web = await startWeb(api.url, { PAGE_CACHE_SECONDS: '3600' });
  api.answer = (req, res) => res.writeHead(503).end('{}');
  const answer = await fetch(web.url);
  assert.match(await answer.text(), /unavailable right now/);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  api.answer = undefined;
  assert.match(await (await fetch(web.url)).text(), /data-story-id="2"/);
});

test('a browser that has the page is told so, and one that can unzip is sent less', async () => {
  const web = await startWeb((await startFakeApi()).url);
  const usual = { 'Accept-Encoding': 'identity', 'Cache-Control': 'max-age=0' };
  const ask = (headers, method) => fetch(web.url, { method, headers: { ...usual, ...headers } });
  const plain = await ask({});
  const html = await plain.text();
  assert.equal(plain.headers.get('content-encoding'), null);
  assert.equal(plain.headers.get('cache-control'), 'no-cache');
  assert.equal(plain.headers.get('vary'), 'Accept-Encoding');

  const zipped = await ask({ 'Accept-Encoding': 'br, gzip' });
  assert.equal(zipped.headers.get('content-encoding'), 'gzip');
  assert.ok(Number(zipped.headers.get('content-length')) < html.length / 2);
  assert.equal(await zipped.text(), html);

  const etag = plain.headers.get('etag');
  const known = await ask({ 'If-None-Match': `W/"other", ${etag}` });
  assert.equal(known.status, 304);
  assert.equal(known.headers.get('content-security-policy'), plain.headers.get('content-security-policy'));
  assert.equal((await ask({ 'If-None-Match': 'W/"other"' })).status, 200);

  const head = await ask({}, 'HEAD');
  assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(html)));
  assert.equal(await head.text(), '');
});
