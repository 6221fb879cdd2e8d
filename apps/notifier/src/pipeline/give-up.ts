import {
  appendDeadLetters,
  deadLetter,
  RecordTooLarge,
  type Batch,
  type DeadLetterReason,
  type EventLog,
  type LogRecord,
  type StoredRecord,
} from '@tocsin/event-log';
import type { FailedAttempts } from './history.js';

export interface GivenUp {
  record: StoredRecord;
  reason: DeadLetterReason;
  /** For people; no secrets. */
  message: string;
  subscription: string;
  /** Attempts before the last one. */
  failed: FailedAttempts | undefined;
  now: number;
}

/** Half of what a record may have, so that it fits with any headers. */
const CUT_BYTES = 512 * 1024;

/** Resolves when the dead letter is durable: only then may the subscription go on. */
export async function giveUp(log: EventLog, { topic, partition }: Pick<Batch, 'topic' | 'partition'>, given: GivenUp): Promise<void> {
  const { record, reason, message, subscription, failed, now } = given;
  const letter = deadLetter(record, {
    stage: 'deliver',
    reason,
    message,
    component: subscription,
    attempts: (failed?.count ?? 0) + 1,
    firstTime: new Date(failed?.firstMs ?? now).toISOString(),
    lastTime: new Date(now).toISOString(),
    origin: { topic, partition, offset: record.offset },
  });
  try {
    await appendDeadLetters(log, [letter]);
  } catch (error) {
    if (!(error instanceof RecordTooLarge)) throw error;
    // The reason makes the record longer than the log takes; without this the partition would wait for ever.
    await appendDeadLetters(log, [cut(letter)]);
  }
}

function cut({ key, value, headers }: LogRecord): LogRecord {
  return { key, value: value.subarray(0, CUT_BYTES), headers: { ...headers, 'tocsin.truncated': 'true' } };
}
