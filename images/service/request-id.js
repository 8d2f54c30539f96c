import { randomUUID } from 'node:crypto';

const ACCEPTED = /^[A-Za-z0-9._:-]{1,128}$/;

// A caller's id goes into our logs and headers, so only a harmless one is kept.
export function requestId(header) {
  return typeof header === 'string' && ACCEPTED.test(header) ? header : randomUUID();
}
