import { randomUUID } from 'node:crypto';
import type { Action, Incident } from '@tocsin/domain';
import { directedTo, Topic, type Consumer, type EventLog, type StoredRecord, type TopicName } from '@tocsin/event-log';
import { Recent, type Change, type LiveType, type Told } from './recent.js';

const TOPICS: readonly (readonly [LiveType, TopicName])[] = [
  ['incident', Topic.Incidents],
  ['action', Topic.Actions],
];
/** Room for some thousand changes. */
const RECENT_BYTES = 8 * 1024 * 1024;

/**
 * Every change of incidents and actions, as this replica reads it from the log: each replica reads all of it, by a group of its own, so that
 * whoever asks any of them sees everything. It begins with the first reader, at the end of the log.
 */
export class LiveHub {
  readonly #log: EventLog;
  readonly #recent: Recent;
  readonly #readers = new Set<(told: Told) => void>();
  readonly #enders = new Set<() => void>();
  #consumers: Promise<Consumer[]> | undefined;
  #closed = false;

  constructor(log: EventLog, bytes = RECENT_BYTES) {
    this.#log = log;
    this.#recent = new Recent(bytes);
  }

  get recent(): Recent {
    return this.#recent;
  }

  /** Resolves when all that the log takes from now on is told. Rejects when the log does not answer. */
  async open(): Promise<void> {
    if (this.#closed) throw new Error('It is closed.');
    this.#consumers ??= this.#begin();
    try {
      await this.#consumers;
    } catch (error) {
      // The next reader tries again.
      this.#consumers = undefined;
      throw error;
    }
  }

  /** Calls `read` with each change until the reader leaves by what this returns; `end` is called when the hub closes. */
  join(read: (told: Told) => void, end: () => void): () => void {
    this.#readers.add(read);
    this.#enders.add(end);
    return () => {
      this.#readers.delete(read);
      this.#enders.delete(end);
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const end of this.#enders) end();
    const consumers = await this.#consumers?.catch(() => []);
    await Promise.all((consumers ?? []).map((consumer) => consumer.stop()));
  }

  async #begin(): Promise<Consumer[]> {
    for (const [type, topic] of TOPICS) {
      for (const { partition, end } of await this.#log.offsets(topic)) this.#recent.begin(placeOf(type, partition), end);
    }
    return Promise.all(
      TOPICS.map(([type, topic]) =>
        this.#log.consume({
          topic,
          group: `api.live.${randomUUID()}`,
          from: 'latest',
          onAssigned: async (partition) => ({ resumeAt: this.#recent.next(placeOf(type, partition)) }),
          onBatch: async ({ partition, records }) => {
            for (const record of records) this.#tell(placeOf(type, partition), type, record);
          },
        }),
      ),
    );
  }

  #tell(place: string, type: LiveType, record: StoredRecord): void {
    // What is sent again to one receiver is no news.
    if (directedTo(record) !== undefined) return;
    const change = changeOf(place, type, record);
    const told = change === undefined ? undefined : this.#recent.add(change);
    if (told === undefined) return;
    for (const read of this.#readers) read(told);
  }
}

function placeOf(type: LiveType, partition: number): string {
  return `${type.charAt(0)}${partition}`;
}

/** Undefined of what is none: the projections put it with the dead letters. */
function changeOf(place: string, type: LiveType, { offset, value }: StoredRecord): Change | undefined {
  try {
    const resource = JSON.parse(value.toString('utf8')) as Incident & Action;
    const data = JSON.stringify(resource);
    return { place, offset, type, data, incident: type === 'incident' ? resource.id : resource.incident, severity: resource.severity_id };
  } catch {
    return undefined;
  }
}
