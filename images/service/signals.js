import { describeError } from './log.js';

// The first SIGTERM or SIGINT stops the process in good order; a second one,
// from somebody who cannot wait, stops it at once.
export function stopOnSignal({ stop, log }) {
  let stopping = false;
  const onSignal = async (signal) => {
    if (stopping) {
      log.warn('second signal, exiting at once', { signal });
      process.exit(1);
    }
    stopping = true;
    log.info('draining', { signal });
    try {
      await stop();
      log.info('stopped');
      process.exit(0);
    } catch (error) {
      log.error('could not stop in good order', describeError(error));
      process.exit(1);
    }
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
