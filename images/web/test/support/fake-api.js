import { once } from 'node:events';
import { createServer } from 'node:http';
import { after } from 'node:test';

export const STORIES = [
  { id: 2, title: 'Tom & <Jerry>', body: 'First.\n\nSecond <script>alert(1)</script>.', author: '"><b>Mara', created_at: '2026-01-02T23:30:00.000Z' },
  { id: 1, title: 'A plain one', body: 'Text.', author: 'Ines', created_at: '2026-01-01T00:00:00.000Z' },
];

// An api whose next answers a test can choose: set `answer` to (req, res) => …
export async function startFakeApi() {
  const api = { requests: [], connections: 0, answer: undefined };
  const server = createServer((req, res) => {
    api.requests.push({ path: req.url, id: req.headers['x-request-id'] });
    (api.answer ?? tell)(req, res);
  });
  server.on('connection', () => {
    api.connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address();

  // Listens no more, until the function that it returns is called.
  async function away() {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
    return () => server.listen(port, '127.0.0.1');
  }

  return Object.assign(api, { away, url: `http://127.0.0.1:${port}` });
}

function tell(req, res) {
  const id = /^\/v1\/stories\/(.+)$/.exec(req.url)?.[1];
  const story = STORIES.find((candidate) => String(candidate.id) === id);
  const [status, value] =
    req.url === '/v1/stories' ? [200, { stories: STORIES }] : story ? [200, story] : [404, { error: { code: 'not_found' } }];
  res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}
