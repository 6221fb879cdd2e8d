import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Keys whose values never reach a log line, wherever they stand in the fields of one. */
const REDACTED = ['password', 'token', 'secret', 'secrets', 'authorization', 'apiKey'].flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

/** JSON lines on standard output. `service` is the process, one of the apps or `standalone`. */
export function createLogger(service: string, level: string, destination?: NodeJS.WritableStream): Logger {
  const options = {
    level,
    base: { service },
    redact: { paths: REDACTED, censor: '[redacted]' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
