import { createHash, randomBytes } from 'node:crypto';

const INLINE_SCRIPT = /<script(?![^>]* src=)([^>]*)>(.*?)<\/script>/gs;

// Next.js marks its own scripts with the nonce that it finds in the request's policy. It is a secret of this one
// rendering: whoever wrote a story cannot have known it.
export function createMark() {
  const nonce = randomBytes(16).toString('base64url');
  return {
    requestPolicy: `script-src 'nonce-${nonce}'`,
    remove: (text) => text.replaceAll(nonce, ''),
    isOn: (attributes) => attributes.includes(`nonce="${nonce}"`),
  };
}

// What many are sent cannot have a nonce, so the policy names the marked scripts by their content, and no other.
export function sourcesOf(html, mark) {
  const own = [...html.matchAll(INLINE_SCRIPT)].filter(([, attributes]) => mark.isOn(attributes));
  const hashes = own.map(([, , text]) => createHash('sha256').update(mark.remove(text)).digest('base64'));
  return hashes.map((hash) => `'sha256-${hash}'`);
}

export function securityHeaders({ supabaseUrl, sources = [] }) {
  const policy = [
    "default-src 'self'",
    ["script-src 'self'", ...sources].join(' '),
    `connect-src 'self' ${new URL(supabaseUrl).origin}`,
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'strict-origin-when-cross-origin',
  };
}
