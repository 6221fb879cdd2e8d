/**
 * Dead letters: bytes that cannot be processed, kept as they came, with the reason in `tocsin.error.*` headers
 * (the set follows Kafka Connect's `__connect.errors.*`), so that they can be inspected and sent again.
 */
import { RecordTooLarge } from './errors.js';
import type { EventLog, LogRecord } from './port.js';
import { Topic } from './topics.js';

/** Where it failed; a closed list, also a metric label. */
export type DeadLetterStage = 'decode' | 'correlate' | 'project' | 'deliver' | 'respond';

/** Why; a closed list, also a metric label. The message says more. */
export type DeadLetterReason = 'bad_input' | 'undecodable' | 'too_large' | 'rejected_by_receiver' | 'internal';

export interface DeadLetterError {
  stage: DeadLetterStage;
  reason: DeadLetterReason;
  /** For people; never holds a secret. Cut at 1,000 characters. */
  message: string;
  /** Which source, rule or subscription it was about. */
  component: string;
  attempts: number;
  /** RFC 3339. */
  firstTime: string;
  lastTime: string;
  /** Absent when the bytes never were on the log (ingest). */
  origin?: { topic: string; partition: number; offset: number };
}

export const DEAD_LETTER_HEADER = 'tocsin.error.';
const MESSAGE_MAX = 1000;

export function deadLetter(record: LogRecord, error: DeadLetterError): LogRecord {
  const headers: Record<string, string> = {
    ...record.headers,
    [`${DEAD_LETTER_HEADER}stage`]: error.stage,
    [`${DEAD_LETTER_HEADER}reason`]: error.reason,
    [`${DEAD_LETTER_HEADER}message`]: error.message.slice(0, MESSAGE_MAX),
    [`${DEAD_LETTER_HEADER}component`]: error.component,
    [`${DEAD_LETTER_HEADER}attempts`]: String(error.attempts),
    [`${DEAD_LETTER_HEADER}first_time`]: error.firstTime,
    [`${DEAD_LETTER_HEADER}last_time`]: error.lastTime,
  };
  if (error.origin) {
    headers[`${DEAD_LETTER_HEADER}topic`] = error.origin.topic;
    headers[`${DEAD_LETTER_HEADER}partition`] = String(error.origin.partition);
    headers[`${DEAD_LETTER_HEADER}offset`] = String(error.origin.offset);
  }
  return { key: record.key, value: record.value, headers };
}

/** Reads the error back; undefined when the record carries none. */
export function readDeadLetter(record: LogRecord): DeadLetterError | undefined {
  const get = (name: string): string | undefined => record.headers[`${DEAD_LETTER_HEADER}${name}`];
  const stage = get('stage');
  const reason = get('reason');
  if (stage === undefined || reason === undefined) return undefined;
  const topic = get('topic');
  return {
    stage: stage as DeadLetterStage,
    reason: reason as DeadLetterReason,
    message: get('message') ?? '',
    component: get('component') ?? '',
    attempts: Number(get('attempts') ?? 1),
    firstTime: get('first_time') ?? '',
    lastTime: get('last_time') ?? '',
    ...(topic === undefined ? {} : { origin: { topic, partition: Number(get('partition')), offset: Number(get('offset')) } }),
  };
}

/** Half of what a record may have, so that it fits with any headers. */
const CUT_BYTES = 512 * 1024;

/**
 * Resolves when the dead letters are durable: only then may the original's offset be committed. The reason makes a record longer; one
 * that no longer fits is cut and says so (`tocsin.truncated`), since otherwise its partition would wait for ever.
 */
export async function appendDeadLetters(log: EventLog, letters: readonly LogRecord[]): Promise<void> {
  if (letters.length === 0) return;
  try {
    await log.append(Topic.DeadLetters, letters);
  } catch (error) {
    if (!(error instanceof RecordTooLarge)) throw error;
    await log.append(Topic.DeadLetters, letters.map(cut));
  }
}

function cut(letter: LogRecord): LogRecord {
  if (letter.value.byteLength <= CUT_BYTES) return letter;
  return { ...letter, value: letter.value.subarray(0, CUT_BYTES), headers: { ...letter.headers, 'tocsin.truncated': 'true' } };
}
