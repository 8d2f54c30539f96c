// Tries to open a connection that the network policies forbid. The name must resolve, or a broken DNS
// would pass for a closed door.
import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';

const [host, port] = process.argv.slice(-2);
const { address } = await lookup(host);
const socket = connect({ host: address, port: Number(port), timeout: 5000 });
const outcome = await new Promise((resolve) => {
  socket.on('connect', () => resolve('open'));
  socket.on('timeout', () => resolve('no answer'));
  socket.on('error', (error) => resolve(error.code));
});
socket.destroy();
if (outcome === 'open') {
  console.error(`A pod outside the release can connect to ${host}:${port}. Does the cluster's network plugin enforce NetworkPolicies?`);
  process.exit(1);
}
console.log(`${host}:${port} is closed to pods outside the release (${outcome})`);
