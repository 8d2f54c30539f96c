// Completes .next/standalone, which is then all that the image needs.
import { cp, mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('.', import.meta.url));
const target = `${root}.next/standalone`;

await cp(`${root}.next/static`, `${target}/.next/static`, { recursive: true });
await rm(`${target}/server`, { recursive: true, force: true });
await cp(`${root}server`, `${target}/server`, { recursive: true });
// The stock server: ours takes its place.
await rm(`${target}/server.js`);
// Where a volume goes when the root filesystem is read-only.
await mkdir(`${target}/.next/cache`, { recursive: true });
