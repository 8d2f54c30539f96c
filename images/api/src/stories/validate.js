import { Problem } from '../http/problem.js';

export const LIMIT_DEFAULT = 20;
export const LIMIT_MAX = 100;
const TITLE_MAX = 200;
const BODY_MAX = 10000;
// Fits both a bigint and a JavaScript number.
const ID = /^[1-9]\d{0,14}$/;

export function parsePage(query) {
  const limit = query.get('limit') ?? String(LIMIT_DEFAULT);
  const before = query.get('before');
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > LIMIT_MAX) {
    throw invalid(`limit must be a whole number from 1 to ${LIMIT_MAX}.`);
  }
  if (before !== null && !ID.test(before)) {
    throw invalid('before must be the id of a story.');
  }
  return { limit: Number(limit), before: before === null ? undefined : Number(before) };
}

// undefined: no story can have such an id.
export function parseId(text) {
  return ID.test(text) ? Number(text) : undefined;
}

export function parseStory(value) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw invalid('The body must be an object with title and body.');
  }
  return { title: text(value.title, 'title', TITLE_MAX), body: text(value.body, 'body', BODY_MAX) };
}

function text(value, name, max) {
  const trimmed = typeof value === 'string' ? value.trim() : '';
  // PostgreSQL stores no NUL, and UTF-8 has no lone surrogates.
  if (trimmed === '' || trimmed.length > max || trimmed.includes('\0') || !trimmed.isWellFormed()) {
    throw invalid(`${name} must be a text of 1 to ${max} characters.`);
  }
  return trimmed;
}

function invalid(message) {
  return new Problem(400, 'invalid_request', message);
}
