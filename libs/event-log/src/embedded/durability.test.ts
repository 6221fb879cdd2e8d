import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LogProcess } from '../conformance/child-process.js';
import { embeddedClient } from '../conformance/embedded-harness.js';
import { LogUnavailable } from '../errors.js';
import type { EventLog, LogRecord } from '../port.js';
import { openEmbeddedLog } from './embedded.js';

const TOPIC = 'topic';

function records(count: number, bytes: number): LogRecord[] {
  return Array.from({ length: count }, (_, index) => ({ key: `key-${index}`, value: Buffer.alloc(bytes, 'x'), headers: {} }));
}

describe('the file of the embedded log', () => {
  let directory: string;
  let file: string;
  let log: EventLog | undefined;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-log-'));
    file = join(directory, 'log.db');
  });

  afterEach(async () => {
    await log?.close();
    log = undefined;
    await rm(directory, { recursive: true, force: true });
  });

  async function open(options: { maxBytes?: number } = {}): Promise<EventLog> {
    log = await openEmbeddedLog({ file, ...options });
    await log.ensureTopics([{ name: TOPIC, partitions: 2, retentionMs: 60_000 }]);
    return log;
  }

  it('is refused to a second process, with the reason, and is free when the first was killed', async () => {
    await (await open()).close();
    const task = { role: 'append', topic: TOPIC, concurrency: 1 } as const;
    const first = new LogProcess({ ...embeddedClient(file), task }, 10_000);
    await first.until(() => first.messages.length > 0, 'an append');
    await expect(openEmbeddedLog({ file })).rejects.toThrow(LogUnavailable);
    await expect(openEmbeddedLog({ file })).rejects.toThrow(
      'another process has it open; stop that process, or set TOCSIN_DATA_DIR to another directory',
    );
    await first.kill();
    await open();
  });

  it('is refused to a second opening in the same process', async () => {
    await open();
    await expect(openEmbeddedLog({ file })).rejects.toThrow(LogUnavailable);
  });

  it('is refused when it is no database', async () => {
    await writeFile(file, 'This is not a database, and long enough to be looked at by SQLite as one.'.repeat(100));
    await expect(openEmbeddedLog({ file })).rejects.toThrow(`The embedded log ${file} cannot be opened: file is not a database.`);
  });

  it('refuses appends while it is full, keeps what it has, and takes them again when there is room', async () => {
    const full = await open({ maxBytes: 1024 * 1024 });
    let taken = 0;
    const fill = async (): Promise<void> => {
      for (;;) {
        await full.append(TOPIC, records(10, 10_000));
        taken += 10;
      }
    };
    const failure: unknown = await fill().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LogUnavailable);
    expect(failure).toHaveProperty('message', 'The embedded log could not be written: database or disk is full.');
    expect(failure).toHaveProperty('cause.code', 'SQLITE_FULL');
    await expect(full.ping()).rejects.toThrow(LogUnavailable);
    expect((await full.offsets(TOPIC)).reduce((sum, { end }) => sum + end, 0)).toBe(taken);
    await full.close();
    const roomy = await open();
    await roomy.append(TOPIC, records(10, 10_000));
    expect((await roomy.offsets(TOPIC)).reduce((sum, { end }) => sum + end, 0)).toBe(taken + 10);
  });

  it('has every part of a call that was too large for one transaction, in order', async () => {
    const first = await open();
    const large = Array.from({ length: 2_500 }, (_, index) => ({ key: 'key', value: Buffer.from(`${index}`), headers: {} }));
    await Promise.all([first.append(TOPIC, large), first.append(TOPIC, [{ key: 'key', value: Buffer.from('last'), headers: {} }])]);
    await first.close();
    const values: string[] = [];
    const done = Promise.withResolvers<void>();
    await (
      await open()
    ).consume({
      topic: TOPIC,
      group: 'group',
      onBatch: async (batch) => {
        for (const record of batch.records) values.push(record.value.toString());
        if (values.length === 2_501) done.resolve();
      },
    });
    await done.promise;
    expect(values).toEqual([...Array.from({ length: 2_500 }, (_, index) => `${index}`), 'last']);
  });

  it('keeps topics, offsets and committed offsets over a restart', async () => {
    const first = await open();
    await first.append(TOPIC, records(20, 10));
    const consumer = await first.consume({ topic: TOPIC, group: 'group', onBatch: async () => {} });
    const offsets = await first.offsets(TOPIC);
    const committed = new Map(offsets.map(({ partition, end }) => [partition, end]));
    // Closing lets the batches in flight end; those that were not yet read stay.
    while ([...(await first.committed('group', TOPIC)).values()].reduce((sum, next) => sum + next, 0) < 20) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await consumer.stop();
    await first.close();
    const second = await open();
    expect(await second.offsets(TOPIC)).toEqual(offsets);
    expect(await second.committed('group', TOPIC)).toEqual(committed);
  });

  it('refuses everything once it is closed', async () => {
    const closed = await open();
    await closed.close();
    await closed.close();
    await expect(closed.append(TOPIC, records(1, 1))).rejects.toThrow(LogUnavailable);
    await expect(closed.consume({ topic: TOPIC, group: 'group', onBatch: async () => {} })).rejects.toThrow(LogUnavailable);
    await expect(closed.offsets(TOPIC)).rejects.toThrow(LogUnavailable);
    await expect(closed.ping()).rejects.toThrow(LogUnavailable);
  });
});
