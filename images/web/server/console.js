import { format } from 'node:util';

const LEVELS = { debug: 'debug', log: 'debug', info: 'debug', warn: 'warn', error: 'error' };

// Next.js and React report through the console: their words become log lines.
export function redirectConsole(log) {
  for (const [method, level] of Object.entries(LEVELS)) {
    console[method] = (...words) => log[level](format(...words));
  }
}
