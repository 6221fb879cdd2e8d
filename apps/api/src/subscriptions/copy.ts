import { randomUUID } from 'node:crypto';
import { directed, directedTo, undirected, type EventLog, type StoredRecord } from '@tocsin/event-log';

export interface Stretch {
  partition: number;
  /** The first offset, and the one after the last. */
  from: number;
  to: number;
}

export interface Copied {
  events: number;
  /** False when it came to the bound. */
  complete: boolean;
}

/** The log did not give its records in time. */
export class ReadTimeout extends Error {
  override readonly name = 'ReadTimeout';
}

const TIMEOUT_MS = 60_000;

/**
 * Appends what lies on these stretches of the topic to it again, directed to the group, with the same ids and keys. What
 * was directed to somebody itself is left out: the original is copied, not copies of it.
 */
export async function copyTo(
  log: EventLog,
  { topic, group, stretches, limit }: { topic: string; group: string; stretches: readonly Stretch[]; limit: number },
  wants: (record: StoredRecord) => boolean,
): Promise<Copied> {
  const held = new Map((await log.offsets(topic)).map((offsets) => [offsets.partition, offsets]));
  const left = new Map<number, Stretch>();
  for (const { partition, from, to } of stretches) {
    const { start, end } = held.get(partition) ?? { start: 0, end: 0 };
    const stretch = { partition, from: Math.max(from, start), to: Math.min(to, end) };
    if (stretch.from < stretch.to) left.set(partition, stretch);
  }
  if (left.size === 0) return { events: 0, complete: true };
  const read = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => read.reject(new ReadTimeout('The log did not give what is to be sent again in time.')), TIMEOUT_MS);
  let events = 0;
  const consumer = await log.consume({
    topic,
    group: `api.redelivery.${randomUUID()}`,
    onAssigned: async (partition) => ({ resumeAt: left.get(partition)?.from ?? held.get(partition)?.end ?? 0 }),
    async onBatch({ partition, records }) {
      const stretch = left.get(partition);
      if (stretch === undefined) return;
      const room = limit - events;
      const found = records.filter((record) => record.offset < stretch.to && directedTo(record) === undefined && wants(record));
      const copies = found.slice(0, room).map((record) => directed({ ...record, headers: undirected(record.headers) }, group, 'redelivery'));
      events += copies.length;
      if (copies.length > 0) await log.append(topic, copies);
      if (found.length > room) read.resolve(false);
      if ((records.at(-1)?.offset ?? 0) >= stretch.to - 1) left.delete(partition);
      if (left.size === 0) read.resolve(true);
    },
  });
  try {
    return { complete: await read.promise, events };
  } finally {
    clearTimeout(timer);
    await consumer.stop();
  }
}
