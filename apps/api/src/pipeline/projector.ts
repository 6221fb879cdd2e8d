import type { Violation } from '@tocsin/domain';
import {
  EventType,
  UndecodableRecord,
  appendDeadLetters,
  deadLetter,
  decodeEvent,
  readDeadLetter,
  type Batch,
  type EventLog,
  type StoredRecord,
} from '@tocsin/event-log';
import type { Clock, Logger } from '@tocsin/runtime';
import { insertDeadLetters, insertViolations, isTransient, type DeadLetterRow, type Store } from '@tocsin/store';
import { z } from 'zod';
import type { ApiMetrics } from '../metrics.js';

export const PROJECTOR_GROUP = 'api.projector';

export interface ProjectorDeps {
  store: Store;
  log: EventLog;
  clock: Clock;
  logger: Logger;
  metrics: ApiMetrics;
}

/** What the store's columns need. The rest of a violation is only passed on, so a newer producer may add to it. */
const storable = z.object({
  id: z.uuid(),
  time: z.iso.datetime({ offset: true }),
  source: z.string(),
  kind: z.string(),
  name: z.string(),
  cluster: z.string(),
  severity_id: z.int().min(1).max(6),
  workload: z.object({ namespace: z.string().optional(), name: z.string().optional() }),
});

/** Writes a batch of violations to the store, where the API finds them. What is none goes to the dead letters. */
export async function projectViolations(batch: Batch, deps: ProjectorDeps): Promise<void> {
  const violations: Violation[] = [];
  const undecodable: { record: StoredRecord; error: UndecodableRecord }[] = [];
  for (const record of batch.records) {
    try {
      violations.push(readViolation(record));
    } catch (error) {
      if (!(error instanceof UndecodableRecord)) throw error;
      undecodable.push({ record, error });
    }
  }
  await stored(batch, deps, () => insertViolations(deps.store.db, violations));
  // After the store, because a batch that comes again would append them again.
  const now = new Date(deps.clock.now()).toISOString();
  await appendDeadLetters(
    deps.log,
    undecodable.map(({ record, error }) =>
      deadLetter(record, {
        stage: 'project',
        reason: 'undecodable',
        message: error.message,
        component: PROJECTOR_GROUP,
        attempts: 1,
        firstTime: now,
        lastTime: now,
        origin: { topic: batch.topic, partition: batch.partition, offset: record.offset },
      }),
    ),
  );
  deps.metrics.undecodable.inc(undecodable.length);
}

/** Writes a batch of dead letters to the store. One that does not say why it is one is kept all the same. */
export async function projectDeadLetters(batch: Batch, deps: ProjectorDeps): Promise<void> {
  const letters = batch.records.map((record) => toRow(batch.partition, record));
  await stored(batch, deps, () => insertDeadLetters(deps.store.db, letters));
}

/** Rejecting lets the batch come again; repeats are ignored by their ids. */
async function stored({ topic, records }: Batch, { metrics, logger }: ProjectorDeps, insert: () => Promise<number>): Promise<void> {
  const end = metrics.batchSeconds.startTimer({ topic });
  try {
    const fresh = await insert();
    metrics.stored.inc({ topic }, fresh);
    end();
  } catch (error) {
    if (isTransient(error)) logger.warn({ err: error, topic, records: records.length }, 'The store did not take a batch, will retry.');
    else logger.error({ err: error, topic, records: records.length }, 'The store refuses a batch; its partition waits until this is mended.');
    throw error;
  }
}

function readViolation(record: StoredRecord): Violation {
  const violation = decodeEvent<Violation>(record, EventType.Violation);
  const checked = storable.safeParse(violation);
  if (checked.success) return violation;
  const problems = checked.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new UndecodableRecord(`not a violation: ${problems.join('; ')}`);
}

function toRow(partition: number, record: StoredRecord): DeadLetterRow {
  const error = readDeadLetter(record);
  return {
    id: `${partition}-${record.offset}`,
    time: new Date(record.timestamp).toISOString(),
    stage: error?.stage ?? 'unknown',
    reason: error?.reason ?? 'unknown',
    component: error?.component ?? '',
    message: error?.message ?? 'The record does not say why it is a dead letter.',
    key: record.key,
    value: record.value,
    headers: { ...record.headers },
  };
}
