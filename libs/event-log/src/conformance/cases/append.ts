import { expect } from '@jest/globals';
import { LogUnavailable, RecordTooLarge, UnknownTopic } from '../../errors.js';
import type { LogRecord } from '../../port.js';
import { firstSequences, inOrder, record, sequences, type Bench } from '../bench.js';

/** From the tests of Kafka's own partitioner (UtilsTest.testMurmur2): key and murmur2 of its bytes. */
const KAFKA_HASHES: readonly (readonly [key: string, hash: number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

export function appendCases(bench: Bench): void {
  bench.it('gives back keys, values and headers byte for byte', async () => {
    const { log, topic } = await bench.withTopic(1);
    const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const records: LogRecord[] = [
      { key: 'plain', value: Buffer.from('value'), headers: { ce_id: '1', ce_type: 'dev.tocsin.test' } },
      { key: 'every byte', value: everyByte, headers: {} },
      { key: 'empty value', value: Buffer.alloc(0), headers: { empty: '' } },
      { key: null, value: Buffer.from('no key'), headers: {} },
      { key: '', value: Buffer.from('empty key'), headers: {} },
      { key: 'ключ/鍵/🗝', value: Buffer.from('значение'), headers: { unicode: 'Grüße, 世界 🌍', 'line break': 'a\r\nb\0c' } },
    ];
    const before = Date.now();
    await log.append(topic, records);
    const { handled } = await bench.readAll(log, topic);
    expect(handled.map(({ key, value, headers }) => ({ key, value: Buffer.from(value), headers: { ...headers } }))).toEqual(records);
    expect(handled.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5]);
    for (const { timestamp } of handled) {
      expect(timestamp).toBeGreaterThanOrEqual(before - 5_000);
      expect(timestamp).toBeLessThanOrEqual(Date.now() + 5_000);
    }
  });

  bench.it("puts a key on the partition that Kafka's default partitioner chooses", async () => {
    const { log, topic } = await bench.withTopic(12);
    await log.append(
      topic,
      KAFKA_HASHES.map(([key]) => record(key, key)),
    );
    const { handled } = await bench.readAll(log, topic);
    const found = new Map(handled.map(({ key, partition }) => [key, partition]));
    expect(found).toEqual(new Map(KAFKA_HASHES.map(([key, hash]) => [key, (hash & 0x7fffffff) % 12])));
  });

  bench.it('takes 50 concurrent callers without loss, each in its order', async () => {
    const { log, topic } = await bench.withTopic(6);
    const caller = async (key: number): Promise<void> => {
      for (let sequence = 0; sequence < 20; sequence++) await log.append(topic, [record(`key-${key}`, `key-${key}:${sequence}`)]);
    };
    await Promise.all(Array.from({ length: 50 }, (_, key) => caller(key)));
    const { values } = await bench.readAll(log, topic);
    expect(values).toHaveLength(1000);
    expect(firstSequences(values)).toEqual(inOrder(50, 20));
  });

  bench.it('keeps the order of calls that do not wait for each other', async () => {
    const { log, topic } = await bench.withTopic(3);
    await Promise.all(Array.from({ length: 100 }, async (_, call) => await log.append(topic, sequences(7, 1, call))));
    expect(firstSequences((await bench.readAll(log, topic)).values)).toEqual(inOrder(7, 100));
  });

  bench.it('takes a call without records', async () => {
    const { log, topic } = await bench.withTopic(1);
    await log.append(topic, []);
    expect(await log.offsets(topic)).toEqual([{ partition: 0, start: 0, end: 0 }]);
  });

  bench.it('takes a record close below the limit', async () => {
    const { log, topic } = await bench.withTopic(1);
    const value = Buffer.alloc(bench.harness.maxRecordBytes - 1024, 'x');
    await log.append(topic, [{ key: 'large', value, headers: {} }]);
    const [read] = (await bench.readAll(log, topic)).handled;
    expect(read?.value.equals(value)).toBe(true);
  });

  bench.it('refuses a record above the limit, writes nothing of the call, and goes on working', async () => {
    const { log, topic } = await bench.withTopic(3);
    const large = { key: 'large', value: Buffer.alloc(bench.harness.maxRecordBytes + 1), headers: {} };
    await expect(log.append(topic, [record('a', 'before'), large, record('b', 'after')])).rejects.toThrow(RecordTooLarge);
    expect((await log.offsets(topic)).reduce((sum, { end }) => sum + end, 0)).toBe(0);
    await log.append(topic, [record('a', 'next')]);
    expect((await bench.readAll(log, topic)).values).toEqual(['next']);
  });

  bench.it('refuses only the call at fault when several run at once', async () => {
    const { log, topic } = await bench.withTopic(2);
    const large = { key: 'large', value: Buffer.alloc(bench.harness.maxRecordBytes + 1), headers: {} };
    const outcomes = await Promise.allSettled([
      log.append(topic, [record('a', '1')]),
      log.append(topic, [large]),
      log.append(topic, [record('a', '2')]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await bench.readAll(log, topic)).values).toEqual(['1', '2']);
  });

  bench.it('takes the same records again after it refused them', async () => {
    const log = await bench.open();
    const topic = bench.harness.uniqueName('late');
    const records = sequences(3, 5);
    await expect(log.append(topic, records)).rejects.toThrow(UnknownTopic);
    await log.ensureTopics([{ name: topic, partitions: 2, retentionMs: 60_000 }]);
    await log.append(topic, records);
    expect(firstSequences((await bench.readAll(log, topic)).values)).toEqual(inOrder(3, 5));
  });

  bench.it('settles the appends in flight when it closes, and refuses those that come after', async () => {
    const { log, topic } = await bench.withTopic(2);
    const inFlight = Array.from({ length: 20 }, (_, index) => log.append(topic, [record('key', `key:${index}`)]));
    const outcomes = Promise.allSettled(inFlight);
    await bench.close(log);
    await expect(log.append(topic, [record('key', 'too late')])).rejects.toThrow(LogUnavailable);
    const kept = (await outcomes).flatMap(({ status }, index) => (status === 'fulfilled' ? [`key:${index}`] : []));
    const { values } = await bench.readAll(await bench.open(), topic);
    expect(values).toEqual(expect.arrayContaining(kept));
    expect(values).not.toContain('too late');
  });
}
