import { createApp } from './app.js';
import { readConfig } from './config.js';
import { logCrash } from '@disney-ai-plus/service/crash.js';
import { ConfigError, EXIT_CONFIG } from '@disney-ai-plus/service/env.js';
import { createLog, describeError } from '@disney-ai-plus/service/log.js';
import { stopOnSignal } from '@disney-ai-plus/service/signals.js';

function configure() {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) {
      throw error;
    }
    createLog().error(error.message);
    process.exit(EXIT_CONFIG);
  }
}

const config = configure();
const log = createLog({ level: config.logLevel, secrets: config.secrets });
logCrash(log);
const app = createApp({ config, log });

stopOnSignal({ stop: app.stop, log });
try {
  const port = await app.listen();
  log.info('listening', { port, environment: config.environment, pool_size: config.poolSize });
} catch (error) {
  log.error(`Cannot listen on port ${config.port}.`, describeError(error));
  process.exit(1);
}
