import { Problem } from '../http/problem.js';
import { readJson } from '../http/json-body.js';
import { sendJson } from '@disney-ai-plus/service/answer.js';
import { parseId, parsePage, parseStory } from './validate.js';

export function storyRoutes({ stories, authenticate }) {
  return {
    '/v1/stories': {
      async GET({ res, query }) {
        sendJson(res, 200, { stories: await stories.list(parsePage(query)) });
      },
      async POST({ req, res }) {
        const author = await authenticate(req.headers.authorization);
        const story = await stories.create({ ...parseStory(await readJson(req)), author });
        sendJson(res, 201, story, { Location: `/v1/stories/${story.id}` });
      },
    },
    '/v1/stories/:id': {
      async GET({ res, params }) {
        const id = parseId(params.id);
        const story = id && (await stories.find(id));
        if (!story) {
          throw new Problem(404, 'not_found', 'There is no such story.');
        }
        sendJson(res, 200, story);
      },
    },
  };
}
