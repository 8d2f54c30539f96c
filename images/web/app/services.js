import { headers } from 'next/headers';

// What server/pages.js offers to the pages.
export const services = () => globalThis[Symbol.for('disney-ai-plus.web.services')];

// Resolves to { value }, or to { failed: true } after saying why:
// a page without stories is better than no page.
export async function ask(question) {
  const { api, unavailable } = services();
  const requestId = (await headers()).get('x-request-id');
  try {
    return { value: await question(api, { requestId }) };
  } catch (error) {
    unavailable(requestId, error.message);
    return { failed: true };
  }
}
