// USERS people at once, each with a connection of their own that they keep, who do something every
// THINK_SECONDS: open a page or call the API; one in twelve of these is a write.
//
// Everybody has a timetable: the next thing is due half to one and a half times THINK_SECONDS after the
// last one was, however long that took. `latency` counts from when it was due until the whole answer is
// there, so what has to wait for a late answer counts with its wait. `lag` is how much later this
// generator sends than it could.
import { sleep } from 'k6';
import { Trend } from 'k6/metrics';
import {
  listStories,
  newestStories,
  options as edge,
  readOneOf,
  readPage,
  readStory,
  readStoryPage,
  setup as reach,
  writeStory,
} from './edge.js';

const { USERS, THINK_SECONDS, RAMP_SECONDS, HOLD_SECONDS } = __ENV;
const THINK_MS = THINK_SECONDS * 1000;
const STORIES = 100;
// What browsers accept, as far as k6 can decode it.
const HEADERS = { 'Accept-Encoding': 'gzip, deflate, br' };

const latency = new Trend('latency', true);
const lag = new Trend('lag', true);

export const options = {
  ...edge,
  scenarios: {
    users: {
      executor: 'ramping-vus',
      stages: [
        { duration: `${RAMP_SECONDS}s`, target: Number(USERS) },
        { duration: `${HOLD_SECONDS}s`, target: Number(USERS) },
        { duration: `${RAMP_SECONDS}s`, target: 0 },
      ],
    },
  },
};

// A number that the round's twelve have no factor in common with, so that things of all kinds are read.
readOneOf(7);

export function setup() {
  reach();
  return { stories: newestStories(STORIES) };
}

const page = ['page', () => readPage(HEADERS)];
const storyPage = ['story page', (stories) => readStoryPage(popular(stories), HEADERS)];
const list = ['list', () => listStories(HEADERS)];
const story = ['story', (stories) => readStory(popular(stories), HEADERS)];
const write = ['write', () => writeStory(HEADERS)];
const ROUND = [page, storyPage, list, story, page, storyPage, list, write, page, storyPage, list, story];

// Every user has these two of their own, and begins elsewhere in the round. Their first thing is due as
// soon as if they had been there before.
let due;
let turn = __VU;

export default function next({ stories }) {
  const free = Date.now();
  due = due === undefined ? free + THINK_MS * Math.random() : due + THINK_MS * (0.5 + Math.random());
  if (due > free) {
    sleep((due - free) / 1000);
  }
  lag.add(Date.now() - Math.max(due, free));
  const [name, act] = ROUND[turn % ROUND.length];
  turn += 1;
  act(stories);
  latency.add(Date.now() - due, { name });
}

// A few stories are read by many: the one of rank n about 1/n as often as the first.
function popular(stories) {
  return stories[Math.floor(stories.length ** Math.random()) - 1];
}
