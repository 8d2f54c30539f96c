import { randomBytes } from 'node:crypto';

// Scripts run only with the nonce of this answer. Next.js reads it from the
// request's header of the same name and puts it on its own scripts.
export function secure(req, res, { supabaseUrl }) {
  const policy = [
    "default-src 'self'",
    `script-src 'self' 'nonce-${randomBytes(16).toString('base64')}'`,
    `connect-src 'self' ${new URL(supabaseUrl).origin}`,
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
  req.headers['content-security-policy'] = policy;
  res.setHeader('Content-Security-Policy', policy);
  res.setHeader('X-Content-Type-Options', 'nosniff');
  res.setHeader('Referrer-Policy', 'strict-origin-when-cross-origin');
}
