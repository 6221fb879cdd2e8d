import type { DeadLetterStage } from '@tocsin/event-log';
import { readDeadLetter } from '@tocsin/event-log';
import type { DeadLetterRow, DeadLetterSummary as StoredSummary } from '@tocsin/store';
import { z } from 'zod';
import { time } from './violation.js';

export const STAGES = ['decode', 'correlate', 'project', 'deliver', 'respond'] as const satisfies readonly DeadLetterStage[];

export const deadLetterSummary = z.object({
  id: z.string().describe('Partition and offset on the dead-letter topic.'),
  time: time.describe('When it was given up.'),
  stage: z.string().describe(`Where it failed: ${STAGES.join(', ')}; unknown when the record does not say.`),
  reason: z.string(),
  message: z.string(),
  component: z.string().describe('Which source, rule or subscription it was about.'),
  attempts: z.int(),
  first_time: z.string(),
  last_time: z.string(),
  origin: z
    .object({ topic: z.string(), partition: z.int(), offset: z.int() })
    .exactOptional()
    .describe('Absent when the bytes never were on the log.'),
  key: z.string().nullable(),
  bytes: z.int().describe('Size of the payload.'),
});

export const deadLetter = deadLetterSummary.extend({
  headers: z.record(z.string(), z.string()),
  payload: z.object({
    base64: z.string().describe('The bytes as they came.'),
    text: z.string().exactOptional().describe('The bytes as text, when they are UTF-8.'),
  }),
});

export type DeadLetterSummary = z.infer<typeof deadLetterSummary>;
export type DeadLetter = z.infer<typeof deadLetter>;

/** The columns of the store are cut where they are long, so the headers speak first. */
export function showDeadLetterSummary(row: StoredSummary): DeadLetterSummary {
  const error = readDeadLetter({ key: row.key, value: Buffer.alloc(0), headers: row.headers });
  return {
    id: row.id,
    time: row.time,
    stage: error?.stage ?? row.stage,
    reason: error?.reason ?? row.reason,
    message: error?.message ?? row.message,
    component: error?.component ?? row.component,
    attempts: whole(error?.attempts),
    first_time: error?.firstTime ?? row.time,
    last_time: error?.lastTime ?? row.time,
    ...(error?.origin === undefined
      ? {}
      : { origin: { topic: error.origin.topic, partition: whole(error.origin.partition), offset: whole(error.origin.offset) } }),
    key: row.key,
    bytes: row.bytes,
  };
}

export function showDeadLetter(row: DeadLetterRow): DeadLetter {
  const text = utf8(row.value);
  return {
    ...showDeadLetterSummary({ ...row, bytes: row.value.length }),
    headers: row.headers,
    payload: { base64: row.value.toString('base64'), ...(text === undefined ? {} : { text }) },
  };
}

/** Anyone who may write to the topic chooses the headers: what is no number there is 0. */
function whole(value: number | undefined): number {
  return Number.isSafeInteger(value) ? (value as number) : 0;
}

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
