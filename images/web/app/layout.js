import { connection } from 'next/server';
import { PublicConfig } from './public-config.js';
import './style.css';

export const metadata = {
  title: { default: 'Stories · Disney AI Plus', template: '%s · Disney AI Plus' },
  description: 'Short stories, told one at a time.',
};

export const viewport = { colorScheme: 'light dark' };

export default async function Layout({ children }) {
  // Every page is rendered when it is asked for: nothing of the environment
  // or the database may be frozen into the image.
  await connection();
  return (
    <html lang="en">
      <body>
        <a className="skip" href="#content">
          Skip to the stories
        </a>
        <header className="masthead">
          <a className="brand" href="/">
            Disney AI Plus
          </a>
        </header>
        <main id="content">{children}</main>
        <footer className="colophon">Stories are kept in PostgreSQL and told by Next.js.</footer>
        <PublicConfig />
      </body>
    </html>
  );
}
