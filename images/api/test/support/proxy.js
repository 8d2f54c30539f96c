import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { after } from 'node:test';

// Stands between the api and its database, and plays a database that is down
// (mode "refuse") or that accepts and never answers (mode "hang").
export async function startProxy(databaseUrl) {
  const target = new URL(databaseUrl);
  const proxy = { mode: 'pass' };
  const sockets = new Set();
  const keep = (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };

  const server = createServer((client) => {
    keep(client);
    if (proxy.mode === 'refuse') {
      client.destroy();
    } else if (proxy.mode === 'pass') {
      const upstream = connect(Number(target.port), target.hostname);
      keep(upstream);
      client.pipe(upstream).pipe(client);
      client.once('close', () => upstream.destroy());
      upstream.once('close', () => client.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  const url = new URL(databaseUrl);
  url.port = server.address().port;
  proxy.url = url.href;
  // From now on, and for the connections that are open.
  proxy.become = (mode) => {
    proxy.mode = mode;
    for (const socket of sockets) {
      socket.destroy();
    }
  };
  after(() => {
    proxy.become('refuse');
    server.close();
  });
  return proxy;
}
