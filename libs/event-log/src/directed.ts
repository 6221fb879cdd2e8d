import type { LogRecord } from './port.js';

/**
 * A record for one consumer group alone: what is delivered again, redriven or a drill walks the same road as everything
 * else, in its order, and everybody but that group leaves it alone.
 */
const DIRECTED_TO = 'tocsin_to';
/** Why it is directed: `redelivery`, `redrive` or `drill`. */
const DIRECTED_FOR = 'tocsin_for';

export type DirectedFor = 'redelivery' | 'redrive' | 'drill';

export function directed(record: LogRecord, group: string, why: DirectedFor): LogRecord {
  return { key: record.key, value: record.value, headers: { ...record.headers, [DIRECTED_TO]: group, [DIRECTED_FOR]: why } };
}

/** The group that it is for; undefined: for all. */
export function directedTo({ headers }: Pick<LogRecord, 'headers'>): string | undefined {
  return headers[DIRECTED_TO];
}

export function directedFor({ headers }: Pick<LogRecord, 'headers'>): DirectedFor | undefined {
  const why = headers[DIRECTED_FOR];
  return why === 'redelivery' || why === 'redrive' || why === 'drill' ? why : undefined;
}

/** Whether the group is to read it. */
export function isFor(record: Pick<LogRecord, 'headers'>, group: string): boolean {
  const to = directedTo(record);
  return to === undefined || to === group;
}

/** The headers as they were before it was directed. */
export function undirected({ [DIRECTED_TO]: _to, [DIRECTED_FOR]: _why, ...headers }: Readonly<Record<string, string>>): Record<string, string> {
  return headers;
}
