// Opens a connection to each target of a list, all at once, and prints what came of each, in order:
// "connects", "refused" (also where nobody answers in time), or what else went wrong.
const { Resolver } = require('node:dns').promises;
const { connect } = require('node:net');

const MILLISECONDS = 4000;
const REFUSED = new Set(['ECONNREFUSED', 'ETIMEOUT', 'ETIMEDOUT']);
const { targets, name } = JSON.parse(process.argv.at(-1));

function open({ host, port }) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const end = (settle, value) => {
      socket.destroy();
      settle(value);
    };
    socket.setTimeout(MILLISECONDS, () => end(reject, { code: 'ETIMEDOUT' }));
    socket.on('connect', () => end(resolve));
    socket.on('error', (error) => end(reject, error));
  });
}

// UDP has no connections: a name server that answers is one that was reached.
async function ask({ host, port }) {
  const resolver = new Resolver({ timeout: MILLISECONDS, tries: 1 });
  resolver.setServers([`${host}:${port}`]);
  await resolver.resolve4(name);
}

async function outcome(target) {
  try {
    await (target.protocol === 'UDP' ? ask : open)(target);
    return 'connects';
  } catch (error) {
    return REFUSED.has(error.code) ? 'refused' : `unknown: ${error.code ?? error.message}`;
  }
}

Promise.all(targets.map(outcome)).then((outcomes) => console.log(JSON.stringify(outcomes)));
