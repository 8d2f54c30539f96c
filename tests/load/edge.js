// What all load scripts share: the way in, and what a right answer is.
//
// The environment says where and as whom: EDGE_HOST is asked for, EDGE_ADDRESS (ADDRESS:PORT) is
// connected to, TOKEN lets one write. SSL_CERT_FILE is the authority to trust.
import http from 'k6/http';
import { Counter } from 'k6/metrics';

const { EDGE_HOST, EDGE_ADDRESS, TOKEN } = __ENV;
// Answers whose status is right and whose content is not; k6 itself looks at the status only.
const wrongAnswers = new Counter('wrong_answers');

// By this user: each has variables of their own.
let written = 0;
let asked = 0;
let readEvery = 1;

http.setResponseCallback(http.expectedStatuses(200, 201));

export const options = {
  hosts: { [`${EDGE_HOST}:443`]: EDGE_ADDRESS },
  tlsVersion: 'tls1.3',
  // These become the columns of what is written for each request.
  systemTags: ['error', 'expected_response', 'method', 'name', 'scenario', 'status'],
};

// Lets users read only each `count`th answer: unpacking and reading all of them takes a tenth of the
// generator's CPU (docs/load.md). Of the others the head says enough.
export function readOneOf(count) {
  readEvery = count;
}

// Refuses to put load on what does not answer at all.
export function setup() {
  const answer = http.get(`https://${EDGE_HOST}/`, parameters('setup'));
  if (answer.status !== 200) {
    const what = answer.error || `status ${answer.status}`;
    throw new Error(`The edge at ${EDGE_ADDRESS} does not answer for ${EDGE_HOST} (${what}). Is the release there?`);
  }
}

// Returns the ids of the newest stories, of which there are `count` from now on.
export function newestStories(count) {
  const ids = () => http.get(`https://${EDGE_HOST}/v1/stories?limit=${count}`, parameters('setup')).json('stories.#.id');
  for (let missing = count - ids().length; missing > 0; missing -= 1) {
    writeStory();
  }
  return ids();
}

// The page, made by web of what api and the database said. Without them it is a 200 that says so, and is not
// to be kept.
export function readPage(headers) {
  const answer = http.get(`https://${EDGE_HOST}/`, parameters('page', headers));
  expect(answer, 'page', (body) => body.includes('data-story-id'), 'a page without stories', mayBeKept);
}

export function listStories(headers) {
  const answer = http.get(`https://${EDGE_HOST}/v1/stories`, parameters('list', headers));
  expect(answer, 'list', (body) => JSON.parse(body).stories.length > 0, 'a list without stories');
}

export function readStoryPage(id, headers) {
  const answer = http.get(`https://${EDGE_HOST}/stories/${id}`, parameters('story page', headers));
  const isRight = (body) => body.includes(`data-story-id="${id}"`);
  expect(answer, 'story page', isRight, 'a page without its story', mayBeKept);
}

export function readStory(id, headers) {
  const answer = http.get(`https://${EDGE_HOST}/v1/stories/${id}`, parameters('story', headers));
  expect(answer, 'story', (body) => JSON.parse(body).id === id, 'another story than the one asked for');
}

export function writeStory(headers) {
  written += 1;
  const title = `load ${Date.now()}-${__VU}-${written}`;
  const story = JSON.stringify({ title, body: 'Written under load.' });
  const json = { 'Content-Type': 'application/json', Authorization: `Bearer ${TOKEN}` };
  const answer = http.post(`https://${EDGE_HOST}/v1/stories`, story, parameters('write', { ...json, ...headers }));
  expect(answer, 'write', (body) => JSON.parse(body).title === title, 'another story than the one written');
}

// The longest that a request may take, which the chart's grace periods plan for.
const TIMEOUT = '30s';

function parameters(name, headers = {}) {
  asked += 1;
  const isRead = name === 'setup' || asked % readEvery === 0;
  return { headers, tags: { name }, timeout: TIMEOUT, responseType: isRead ? 'text' : 'none' };
}

function expect(answer, name, isRight, error, isWhole = () => true) {
  // What k6 has counted as failed already has no content worth a look.
  if (answer.status < 200 || answer.status >= 300) {
    return;
  }
  if (!isWhole(answer) || (answer.body !== null && !isRight(answer.body))) {
    wrongAnswers.add(1, { name, error });
  }
}

function mayBeKept(answer) {
  return answer.headers['Cache-Control'] === 'no-cache';
}
