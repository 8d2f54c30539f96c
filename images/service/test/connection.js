import { once } from 'node:events';
import { connect } from 'node:net';
import { within } from './within.js';

// One TCP connection, to see what HTTP clients hide: whether the server keeps
// it, and what it says before it closes it.
export async function openConnection(port) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const connection = { socket, received: '', closed: once(socket, 'close').then(([hadError]) => ({ hadError })) };
  socket.setEncoding('utf8').on('data', (chunk) => {
    connection.received += chunk;
    socket.emit('received');
  });
  socket.on('error', () => {});

  connection.send = (text) => socket.write(text);
  connection.get = (path, headers = '') => socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\n${headers}\r\n`);
  // Resolves to the head of the next answer.
  connection.head = () => received(connection, 'head of an answer', parseHead);
  // Resolves to the next whole answer, which has a Content-Length.
  connection.answer = async () => {
    const answer = await received(connection, 'whole answer', parseAnswer);
    connection.received = connection.received.slice(answer.size);
    return answer;
  };
  return connection;
}

function received(connection, what, parse) {
  return within(10000, what, async () => {
    for (;;) {
      const found = parse(connection.received);
      if (found) {
        return found;
      }
      await once(connection.socket, 'received');
    }
  });
}

function parseHead(text) {
  const end = text.indexOf('\r\n\r\n');
  const head = text.slice(0, end);
  return end < 0 ? undefined : { head, status: Number(head.split(' ')[1]), size: end + 4 };
}

function parseAnswer(text) {
  const found = parseHead(text);
  const length = Number(/content-length: (\d+)/i.exec(found?.head)?.[1] ?? 0);
  if (!found || text.length < found.size + length) {
    return undefined;
  }
  const size = found.size + length;
  return { ...found, size, body: text.slice(found.size, size) };
}
