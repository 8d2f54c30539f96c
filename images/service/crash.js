import { describeError } from './log.js';

// Left to Node.js, a bug would print the error with all its properties, and
// those may hold what the log has to keep out.
export function logCrash(log) {
  process.on('uncaughtException', (error) => {
    log.error('unexpected error, exiting', describeError(error));
    process.exit(1);
  });
}
