import { errors, jwtVerify } from 'jose';
import { Problem } from './http/problem.js';

const SUBJECT_LIMIT = 200;

// Returns a function that resolves to the token's subject, or throws a 401.
export function createAuthenticator(secret) {
  const key = new TextEncoder().encode(secret);

  return async (authorization) => {
    const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization ?? '')?.[1];
    if (!token) {
      throw refused('Send an Authorization header with a Bearer token.', 'Bearer');
    }
    const { sub } = await verify(token, key);
    if (typeof sub !== 'string' || sub.trim() === '' || sub.length > SUBJECT_LIMIT || sub.includes('\0')) {
      throw refused(`The token's subject must be a text of 1 to ${SUBJECT_LIMIT} characters.`);
    }
    return sub;
  };
}

async function verify(token, key) {
  try {
    const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'], requiredClaims: ['exp', 'sub'] });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      throw refused('The token has expired.');
    }
    if (error instanceof errors.JOSEError) {
      throw refused('The token is not valid: it must be signed with HS256 and have exp and sub.');
    }
    throw error;
  }
}

function refused(message, challenge = 'Bearer error="invalid_token"') {
  return new Problem(401, 'unauthorized', message, { 'WWW-Authenticate': challenge });
}
