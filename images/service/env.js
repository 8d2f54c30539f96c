// Reads settings from the environment and collects every problem, so that one
// failed start names all of them.

export class ConfigError extends Error {
  constructor(problems) {
    super(`Cannot start: ${problems.join('; ')}.`);
    this.name = 'ConfigError';
  }
}

// EX_CONFIG of sysexits.h: restarting will not help, the configuration must change.
export const EXIT_CONFIG = 78;

export class Environment {
  #values;
  #problems = [];

  constructor(values) {
    this.#values = values;
  }

  problem(sentence) {
    this.#problems.push(sentence);
  }

  text(name, fallback) {
    const value = this.#values[name] || fallback;
    if (value === undefined) {
      this.problem(`${name} is missing`);
    }
    return value;
  }

  oneOf(name, choices, fallback) {
    const value = this.text(name, fallback);
    if (value !== undefined && !choices.includes(value)) {
      this.problem(`${name} must be one of ${choices.join(', ')}, not ${JSON.stringify(value)}`);
    }
    return value;
  }

  integer(name, { min, max, fallback }) {
    const value = this.text(name, fallback === undefined ? undefined : String(fallback));
    if (value === undefined) {
      return undefined;
    }
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max) {
      this.problem(`${name} must be a whole number from ${min} to ${max}, not ${JSON.stringify(value)}`);
    }
    return number;
  }

  // The value may hold a password, so a problem never repeats it.
  url(name, schemes) {
    const value = this.text(name);
    if (value === undefined) {
      return undefined;
    }
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (!url || !schemes.includes(url.protocol.slice(0, -1)) || !url.hostname) {
      this.problem(`${name} must be a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`);
      return undefined;
    }
    return value;
  }

  // Settings that both services share.
  service({ port }) {
    return {
      environment: this.oneOf('NODE_ENV', ['production', 'staging', 'development', 'test'], 'production'),
      port: this.integer('PORT', { min: 0, max: 65535, fallback: port }),
      drainSeconds: this.integer('DRAIN_SECONDS', { min: 0, max: 3600, fallback: 5 }),
      keepAliveSeconds: this.integer('KEEP_ALIVE_SECONDS', { min: 1, max: 3600, fallback: 75 }),
      logLevel: this.oneOf('LOG_LEVEL', ['debug', 'info', 'warn', 'error'], 'info'),
    };
  }

  check() {
    if (this.#problems.length > 0) {
      throw new ConfigError(this.#problems);
    }
  }
}
