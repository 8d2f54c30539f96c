import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startFakeApi } from './support/fake-api.js';
import { ANON_KEY, STANDALONE, startWeb } from './support/web.js';

const before = await snapshot();
const api = await startFakeApi();
// HOSTNAME is what Kubernetes calls the pod; it must not decide where we listen.
const anew = { PAGE_CACHE_SECONDS: '0', STORY_CACHE_SECONDS: '0' };
const web = await startWeb(api.url, { NODE_ENV: 'staging', HOSTNAME: 'web-5d9c7', ...anew });

async function page(path, options) {
  const answer = await fetch(`${web.url}${path}`, options);
  return { status: answer.status, headers: answer.headers, html: await answer.text() };
}

async function snapshot() {
  const files = await readdir(STANDALONE, { recursive: true });
  const kept = files.filter((file) => !file.startsWith(join('.next', 'cache'))).sort();
  return Promise.all(kept.map(async (file) => `${file} ${(await stat(join(STANDALONE, file))).mtimeMs}`));
}

test('the stories are on the page, as text', async () => {
  const { status, html } = await page('/');
  assert.equal(status, 200);
  assert.match(html, /<li data-story-id="2">.*?Tom &amp; &lt;Jerry&gt;.*?<\/li>/s);
  assert.match(html, /<li data-story-id="1">.*?A plain one.*?<\/li>/s);
  assert.match(html, /&quot;&gt;&lt;b&gt;Mara/);
  assert.match(html, /<time dateTime="2026-01-02T23:30:00.000Z">2 January 2026<\/time>/);
  assert.match(html, /<html lang="en">/);
});

test('no story makes a page too', async () => {
  api.answer = (req, res) => res.end('{"stories":[]}');
  const { html } = await page('/');
  api.answer = undefined;
  assert.match(html, /No story has been told yet\./);
});

test('a story has a page of its own', async () => {
  const asked = api.requests.length;
  const { status, html } = await page('/stories/2');
  assert.equal(status, 200);
  assert.match(html, /<title>Tom &amp; &lt;Jerry&gt; · Disney AI Plus<\/title>/);
  assert.match(html, /<p>First\.<\/p><p>Second &lt;script&gt;alert\(1\)&lt;\/script&gt;\.<\/p>/);
  assert.doesNotMatch(html, /<script>alert/);
  assert.equal(api.requests.length, asked + 1, 'the api is asked once');
});

test('what does not exist is 404', async () => {
  for (const path of ['/stories/99', '/stories', '/no/such/page']) {
    const { status, html } = await page(path);
    assert.equal(status, 404, path);
    assert.match(html, /There is no such page/);
  }
});

test('an api that fails leaves the page standing, with a notice, and the log says why', async () => {
  api.answer = (req, res) => res.writeHead(503).end('{}');
  for (const path of ['/', '/stories/2']) {
    const { status, html, headers } = await page(path);
    assert.equal(status, 200);
    assert.match(html, /Stories are unavailable right now/);
    const line = await web.line(({ request_id: id, reason }) => reason && id === headers.get('x-request-id'), 'reason');
    assert.equal(line.reason, 'the api answered 503');
  }
  api.answer = undefined;
  assert.doesNotMatch((await page('/')).html, /unavailable right now/);
});

test('the request id is passed on to the api, echoed and logged', async () => {
  const { headers } = await page('/', { headers: { 'X-Request-Id': 'from-the-edge' } });
  assert.equal(headers.get('x-request-id'), 'from-the-edge');
  assert.equal(api.requests.at(-1).id, 'from-the-edge');
  const line = await web.line(({ msg, request_id: id }) => msg === 'request' && id === 'from-the-edge', 'request');
  assert.equal(line.route, '/');

  const made = (await page('/', { headers: { 'X-Request-Id': 'not a good one' } })).headers.get('x-request-id');
  assert.match(made, /^[0-9a-f-]{36}$/);
  assert.equal(api.requests.at(-1).id, made);
});

test('the public configuration is the one of this start, and cannot break out of its script', async () => {
  const { html } = await page('/');
  const [, json] = /<script id="public-config" type="application\/json">(.*?)<\/script>/.exec(html);
  assert.deepEqual(JSON.parse(json), { supabaseUrl: 'https://supabase.example', supabaseAnonKey: ANON_KEY });
  const other = await startWeb(api.url, { NEXT_PUBLIC_SUPABASE_URL: 'https://other.example' });
  assert.match(await (await fetch(other.url)).text(), /"supabaseUrl":"https:\/\/other\.example"/);
});

test('the policy allows the scripts of Next.js, and no other', async () => {
  for (const path of ['/', '/stories/2', '/stories/99']) {
    const { html, headers } = await page(path);
    const [, sources] = /script-src ([^;]+)/.exec(headers.get('content-security-policy'));
    const inline = [...html.matchAll(/<script(?![^>]*(?: src=|application\/json))[^>]*>(.*?)<\/script>/gs)].map(([, text]) => text);
    assert.ok(inline.length > 1);
    const hashes = inline.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
    assert.deepEqual(sources.split(' '), ["'self'", ...hashes]);
    assert.doesNotMatch(html, /nonce="[^"]/);
  }
});

test('style, scripts and icon are served, and nothing comes from elsewhere', async () => {
  const { html } = await page('/');
  const assets = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, address]) => address);
  assert.ok(assets.some((address) => address.endsWith('.css')));
  assert.ok(assets.some((address) => address.endsWith('.js')));
  for (const address of assets) {
    assert.match(address, /^\/(?!\/)/);
    const { status, headers } = await page(address);
    assert.equal(status, 200, address);
    if (address.startsWith('/_next/static/')) {
      assert.match(headers.get('cache-control'), /immutable/);
    }
  }
});

test('only reading is allowed', async () => {
  for (const path of ['/', '/api/health']) {
    const { status, headers } = await page(path, { method: 'POST' });
    assert.equal(status, 405);
    assert.equal(headers.get('allow'), 'GET, HEAD');
  }
});

test('nothing but log lines was printed, and nothing written outside .next/cache', async () => {
  assert.ok(web.lines().length > 10);
  assert.ok(web.lines().every(({ time, level, msg }) => time && level && msg));
  const after = await snapshot();
  assert.deepEqual(after.filter((file) => !before.includes(file)), []);
  assert.equal(after.length, before.length);
});
