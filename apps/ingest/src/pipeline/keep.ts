import type { Violation } from '@tocsin/domain';
import { appendDeadLetters, deadLetter, type DeadLetterError, type EventLog, type LogRecord } from '@tocsin/event-log';
import type { Clock } from '@tocsin/runtime';
import type { IngestMetrics } from '../metrics.js';
import { BadInput, type Entry, type Received } from '../sources/source.js';
import { appendViolations } from './append.js';
import { clampClock, type ClockBounds } from './clamp-clock.js';
import type { MaskViolation } from './mask.js';
import type { RecentIds } from './recent-ids.js';

export interface KeepDeps {
  log: EventLog;
  clock: Clock;
  recent: RecentIds;
  clockBounds: ClockBounds;
  mask: MaskViolation;
  metrics: IngestMetrics;
}

export interface Item {
  entry: Entry;
  /** What came with the bytes, so that a dead letter can be sent again as it was sent. */
  sent?: Pick<Received, 'contentType' | 'headers' | 'mapping'>;
  /** Where the bytes stood on a topic, when they came from one. */
  origin?: DeadLetterError['origin'];
}

export interface Kept {
  /** Ids of all items that are durable, duplicates included, in the items' order. */
  ids: string[];
  /** How many of them were durable before, or stood twice among the items. */
  duplicates: number;
  /** What cannot be a violation; its bytes are in the dead letters. */
  rejected: BadInput[];
}

/** Bytes of a dead letter: half a record's limit, so that any item fits together with its headers. */
const DEAD_LETTER_MAX_BYTES = 512 * 1024;

/**
 * The one way onto the log, whatever the entrance: clamps clocks, drops repeats, masks personal data, appends
 * violations and dead letters.
 * Resolves when all of it is durable; rejects when it may not be, and then the same items may be handed in again.
 */
export async function keep(deps: KeepDeps, source: string, items: readonly Item[], traceparent?: string): Promise<Kept> {
  const { log, clock, recent, metrics } = deps;
  const fresh = new Map<string, Violation>();
  const ids: string[] = [];
  const rejected: (Omit<Item, 'entry'> & { error: BadInput })[] = [];
  for (const { entry, ...context } of items) {
    if (entry instanceof BadInput) {
      rejected.push({ error: entry, ...context });
      continue;
    }
    ids.push(entry.id);
    if (fresh.has(entry.id) || recent.has(entry.id, clock.now())) continue;
    const violation = clampClock(entry, deps.clockBounds);
    if (violation.clock_skew_ms !== undefined) metrics.clockSkewed.inc({ source });
    fresh.set(violation.id, deps.mask(violation));
  }

  const stopTimer = metrics.appendSeconds.startTimer();
  const tooLarge = await appendViolations(log, [...fresh.values()], traceparent);
  for (const violation of tooLarge) {
    fresh.delete(violation.id);
    const message = 'is too large for the event log, even without its raw text';
    // Where the raw text is masked, the violation itself is all that may be kept.
    const bytes = Buffer.from(violation.raw === '' ? JSON.stringify(violation) : violation.raw);
    rejected.push({ error: new BadInput(message, { index: ids.indexOf(violation.id), bytes, reason: 'too_large' }) });
  }
  await appendDeadLetters(
    log,
    rejected.map((item) => toDeadLetter(source, item, clock)),
  );
  stopTimer();

  recent.add(fresh.keys(), clock.now());
  const lost = new Set(tooLarge.map((violation) => violation.id));
  const kept = ids.filter((id) => !lost.has(id));
  const duplicates = kept.length - fresh.size;
  metrics.violations.inc({ source }, fresh.size);
  metrics.duplicates.inc({ source }, duplicates);
  for (const { error } of rejected) metrics.rejected.inc({ source, reason: error.reason });
  return { ids: kept, duplicates, rejected: rejected.map(({ error }) => error) };
}

function toDeadLetter(source: string, { error, origin, sent }: Omit<Item, 'entry'> & { error: BadInput }, clock: Clock): LogRecord {
  const bytes = error.bytes ?? Buffer.alloc(0);
  const now = new Date(clock.now()).toISOString();
  const record: LogRecord = {
    key: null,
    value: bytes.length > DEAD_LETTER_MAX_BYTES ? bytes.subarray(0, DEAD_LETTER_MAX_BYTES) : bytes,
    headers: { ...sentHeaders(sent), 'tocsin.source': source, ...(bytes.length > DEAD_LETTER_MAX_BYTES ? { 'tocsin.truncated': 'true' } : {}) },
  };
  return deadLetter(record, {
    stage: 'decode',
    reason: error.reason,
    message: error.field === '' ? error.message : `${error.field} ${error.message}`,
    component: source,
    attempts: 1,
    firstTime: now,
    lastTime: now,
    ...(origin === undefined ? {} : { origin }),
  });
}

function sentHeaders(sent: Item['sent']): Record<string, string> {
  if (sent === undefined) return {};
  return {
    ...sent.headers,
    ...(sent.contentType === '' ? {} : { 'content-type': sent.contentType }),
    ...(sent.mapping === undefined ? {} : { 'tocsin.mapping': sent.mapping }),
  };
}
