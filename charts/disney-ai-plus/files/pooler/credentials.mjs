// Writes what PgBouncer reads when it starts: the one user that it lets in, and logs in as, from
// DATABASE_URL; and the authorities that Node.js trusts, for a database with a public certificate.
import { writeFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';

function user() {
  try {
    const { username, password } = new URL(process.env.DATABASE_URL);
    return [username, password].map(decodeURIComponent);
  } catch {
    // The error would repeat the URL, and with it the password.
    console.error('credentials: DATABASE_URL is no URL like postgresql://user:password@host:5432/name.');
    process.exit(1);
  }
}

const quoted = user().map((text) => `"${text.replaceAll('"', '""')}"`);
writeFileSync('/run/pooler/userlist.txt', `${quoted.join(' ')}\n`, { mode: 0o600 });
writeFileSync('/run/pooler/public-authorities.crt', rootCertificates.join('\n'));
