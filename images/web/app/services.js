import { headers } from 'next/headers';

// What server/pages.js offers to the pages.
export const services = () => globalThis[Symbol.for('disney-ai-plus.web.services')];

// Resolves to { value }, or to { failed: true } after saying why in the log:
// a page without stories is better than no page.
export async function ask(question) {
  const { api, log } = services();
  const requestId = (await headers()).get('x-request-id');
  try {
    return { value: await question(api, { requestId }) };
  } catch (error) {
    log.error('the api is unavailable', { request_id: requestId, reason: error.message });
    return { failed: true };
  }
}
