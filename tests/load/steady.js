// RATE requests a second for at most SECONDS, whatever the answers take: one half over connections that
// are kept, the other half each over a connection of its own; an eighth of each writes.
import { scenario } from 'k6/execution';
import { listStories, options as edge, readPage, writeStory } from './edge.js';

export { setup } from './edge.js';

const { RATE, SECONDS } = __ENV;
const ROUND = [writeStory, readPage, listStories, readPage, listStories, readPage, listStories, readPage];

const half = {
  executor: 'constant-arrival-rate',
  rate: Number(RATE),
  timeUnit: '2s',
  duration: `${SECONDS}s`,
  // So many may wait for answers at once: enough for six seconds each, and more are made for slower ones.
  preAllocatedVUs: Number(RATE) * 3,
  maxVUs: Number(RATE) * 6,
};

export const options = {
  ...edge,
  scenarios: { kept: { ...half, exec: 'kept' }, fresh: { ...half, exec: 'fresh' } },
};

export function kept() {
  next({});
}

export function fresh() {
  next({ Connection: 'close' });
}

function next(headers) {
  ROUND[scenario.iterationInTest % ROUND.length](headers);
}
