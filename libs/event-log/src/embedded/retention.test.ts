import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LogDatabase, type PartitionRow } from './database.js';
import { Retention } from './retention.js';
import { Turns } from './turns.js';

const RETENTION_MS = 1_000;
/** More than one step of deletion, and not a multiple of it. */
const MANY = 1_234;

describe('retention', () => {
  let db: LogDatabase;
  let partition: PartitionRow;
  let neighbour: PartitionRow;
  let retention: Retention;

  beforeEach(() => {
    db = new LogDatabase(':memory:');
    [partition, neighbour] = db.createTopic('topic', 2, RETENTION_MS) as [PartitionRow, PartitionRow];
    retention = new Retention(db, new Turns(), () => [{ partition, retentionMs: RETENTION_MS }]);
  });

  afterEach(() => {
    retention.stop();
    db.close();
  });

  function write(to: PartitionRow, count: number, timestamp: number): void {
    const record = { key: null, value: Buffer.alloc(2_000), headers: {} };
    db.write(
      Array.from({ length: count }, (_, index) => ({ serial: to.serial, offset: to.next + index, timestamp, record })),
      [[to.serial, to.next + count]],
      [],
    );
    to.next += count;
  }

  it('deletes what is older than the topic keeps, and nothing else', async () => {
    write(partition, MANY, 100);
    write(partition, 10, 5_000);
    write(neighbour, 10, 100);
    await retention.sweep(5_500);
    expect(db.oldest(partition.serial)).toBe(MANY);
    expect(db.read(partition.serial, 0, 100).map(({ offset }) => offset)).toEqual(Array.from({ length: 10 }, (_, index) => MANY + index));
    expect(db.oldest(neighbour.serial)).toBe(0);
  });

  it('deletes all records and keeps the next offset', async () => {
    write(partition, MANY, 100);
    await retention.sweep(10_000);
    expect(db.oldest(partition.serial)).toBeUndefined();
    expect(db.partitions().find(({ serial }) => serial === partition.serial)?.next).toBe(MANY);
  });

  it('deletes nothing while everything is young', async () => {
    write(partition, 10, 5_000);
    await retention.sweep(5_500);
    expect(db.oldest(partition.serial)).toBe(0);
  });

  it('never deletes a young record because an old one came after it', async () => {
    write(partition, 5, 5_000);
    write(partition, 5, 100);
    await retention.sweep(5_500);
    expect(db.oldest(partition.serial)).toBe(0);
    expect(db.read(partition.serial, 0, 100)).toHaveLength(10);
  });

  it('gives up quietly when the database is closed meanwhile', async () => {
    write(partition, MANY, 100);
    const sweeping = retention.sweep(10_000);
    db.close();
    await sweeping;
  });
});
