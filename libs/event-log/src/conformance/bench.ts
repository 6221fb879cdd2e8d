import { afterEach, describe, it } from '@jest/globals';
import type { EventLog, LogRecord } from '../port.js';
import { LogProcess } from './child-process.js';
import type { ChildTask } from './child.js';
import type { ConformanceArea, ConformanceHarness } from './harness.js';
import { Reader, type ReaderEvent, type ReaderOptions } from './reader.js';
import { Waiter } from './waiter.js';

const DEFAULT_TIMEOUT_MS = 60_000;

/** What the cases work with. It closes what they opened, in every outcome. */
export class Bench {
  readonly harness: ConformanceHarness;
  readonly #timeoutMs: number;
  readonly #waitMs: number;
  readonly #logs = new Set<EventLog>();
  readonly #processes = new Set<LogProcess>();

  constructor(harness: ConformanceHarness) {
    this.harness = harness;
    this.#timeoutMs = harness.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    // Ends before the test does, so that the failure says what was waited for.
    this.#waitMs = this.#timeoutMs * 0.8;
  }

  area(area: ConformanceArea, title: string, cases: () => void): void {
    const reason = this.harness.skip?.[area];
    if (reason !== undefined) title += ` (skipped: ${reason})`;
    const describeArea = reason === undefined ? describe : describe.skip;
    describeArea(title, () => {
      afterEach(async () => await this.#closeAll());
      cases();
    });
  }

  it(name: string, run: () => Promise<void>): void {
    it(name, run, this.#timeoutMs);
  }

  async open(): Promise<EventLog> {
    const log = await this.harness.open();
    this.#logs.add(log);
    return log;
  }

  async close(log: EventLog): Promise<void> {
    this.#logs.delete(log);
    await log.close();
  }

  /** A log with a topic of its own, the start of most cases. */
  async withTopic(partitions: number): Promise<{ log: EventLog; topic: string; group: string }> {
    const log = await this.open();
    return { log, topic: await this.harness.topic(partitions), group: this.harness.uniqueName('group') };
  }

  async read(log: EventLog, options: ReaderOptions, events?: ReaderEvent[]): Promise<Reader> {
    return await Reader.start(log, options, this.#waitMs, events);
  }

  /** Reads the whole topic once, with a group of its own. */
  async readAll(log: EventLog, topic: string): Promise<Reader> {
    const total = (await log.offsets(topic)).reduce((sum, { start, end }) => sum + end - start, 0);
    const reader = await this.read(log, { topic, group: this.harness.uniqueName('reader') });
    await reader.untilHandled(total);
    await reader.stop();
    return reader;
  }

  async eventually(condition: () => Promise<boolean>, what: string): Promise<void> {
    await new Waiter(this.#waitMs).eventually(condition, what);
  }

  spawn(task: ChildTask): LogProcess {
    const child = new LogProcess({ ...this.harness.child(), task }, this.#waitMs);
    this.#processes.add(child);
    return child;
  }

  async #closeAll(): Promise<void> {
    for (const child of this.#processes) await child.kill();
    this.#processes.clear();
    const logs = [...this.#logs];
    this.#logs.clear();
    for (const log of logs) await log.close();
  }
}

export function record(key: string | null, value: string): LogRecord {
  return { key, value: Buffer.from(value), headers: {} };
}

/** `count` records under each key, the keys taking turns; a value is `key:sequence`. */
export function sequences(keys: number, count: number, first = 0): LogRecord[] {
  const records: LogRecord[] = [];
  for (let sequence = first; sequence < first + count; sequence++) {
    for (let key = 0; key < keys; key++) records.push(record(`key-${key}`, `key-${key}:${sequence}`));
  }
  return records;
}

/** The sequence numbers under each key, in the order of the values; a repeat counts where it came first. */
export function firstSequences(values: readonly string[]): Map<string, number[]> {
  const byKey = new Map<string, number[]>();
  for (const value of new Set(values)) {
    const [key = '', sequence] = value.split(':');
    byKey.set(key, [...(byKey.get(key) ?? []), Number(sequence)]);
  }
  return byKey;
}

/** What `firstSequences` gives when nothing is missing and nothing changed places. */
export function inOrder(keys: number, count: number): Map<string, number[]> {
  const sequence = Array.from({ length: count }, (_, index) => index);
  return new Map(Array.from({ length: keys }, (_, key) => [`key-${key}`, sequence]));
}
