import { appendDeadLetters, deadLetter, type Batch, type DeadLetterReason, type EventLog, type StoredRecord } from '@tocsin/event-log';
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
  await appendDeadLetters(log, [letter]);
}
