import { batched } from './batch.js';

// One JSON object a line on stdout: {time, level, msg, ...fields}.

const LEVELS = ['debug', 'info', 'warn', 'error'];
const URGENT = ['warn', 'error'];
// Of the process, not of a log: lines stay in order.
const stdout = batched((text) => process.stdout.write(text));

// Nobody keeps anything secret with less, and removing it would garble the log.
const SECRET_MIN = 4;

// Secrets are removed from every text, wherever it came from: an error message
// of a library is as good a leak as a field of ours.
function redactor(secrets) {
  const needles = secrets.filter((secret) => secret?.length >= SECRET_MIN).sort((a, b) => b.length - a.length);
  const redact = (text) => needles.reduce((rest, needle) => rest.replaceAll(needle, '[redacted]'), text);
  return (key, value) => (typeof value === 'string' ? redact(value) : value);
}

export function createLog({ level = 'info', secrets = [], write = stdout } = {}) {
  const redact = redactor(secrets);
  const log = {};
  for (const name of LEVELS) {
    const enabled = LEVELS.indexOf(name) >= LEVELS.indexOf(level);
    const urgent = URGENT.includes(name);
    log[name] = (msg, fields = {}) => {
      if (enabled) {
        const line = { time: new Date().toISOString(), level: name, msg, ...fields };
        write(`${JSON.stringify(line, redact)}\n`, urgent);
      }
    };
  }
  return log;
}

// What may be said of an error: some carry their input (a URL with its
// password, say) in other properties.
export function describeError(error) {
  const cause = error.errors?.[0] ?? error;
  return {
    error: error.message || cause.message || error.name,
    ...(cause.code && { code: cause.code }),
    ...(error.stack && { stack: error.stack }),
  };
}
