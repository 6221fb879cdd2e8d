import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendDeadLetters, deadLetter, readDeadLetter, type DeadLetterError } from './dead-letters.js';
import { openEmbeddedLog } from './embedded/embedded.js';
import { LogUnavailable } from './errors.js';
import type { EventLog, StoredRecord } from './port.js';
import { Topic, topicSpecs } from './topics.js';

const MEBIBYTE = 1024 * 1024;
const error: DeadLetterError = {
  stage: 'correlate',
  reason: 'undecodable',
  message: 'm'.repeat(5_000),
  component: 'correlator',
  attempts: 1,
  firstTime: '2026-09-14T14:00:00Z',
  lastTime: '2026-09-14T14:00:00Z',
  origin: { topic: Topic.Violations, partition: 0, offset: 7 },
};

describe('appendDeadLetters', () => {
  let log: EventLog;
  beforeEach(async () => {
    log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics(topicSpecs(1));
  });
  afterEach(() => log.close());

  const letters = async (count: number): Promise<StoredRecord[]> => {
    const read: StoredRecord[] = [];
    const consumer = await log.consume({ topic: Topic.DeadLetters, group: 'reader', onBatch: async ({ records }) => void read.push(...records) });
    while (read.length < count) await new Promise((resolve) => setImmediate(resolve));
    await consumer.stop();
    return read;
  };

  it('keeps the bytes and the headers as they came, with the reason', async () => {
    const value = Buffer.from([0, 255, 123]);
    await appendDeadLetters(log, [deadLetter({ key: 'k', value, headers: { ce_id: '1' } }, error)]);
    const [letter] = await letters(1);
    expect(letter?.value).toEqual(value);
    expect(letter).toMatchObject({ key: 'k', headers: { ce_id: '1' } });
    expect(letter?.headers).not.toHaveProperty(['tocsin.truncated']);
    expect(readDeadLetter(letter as StoredRecord)).toEqual({ ...error, message: 'm'.repeat(1_000) });
  });

  // The reason stands in headers, so the dead letter of the longest record that the log takes is longer than that.
  it('cuts one that the log cannot take whole, and says so; those beside it stay whole', async () => {
    let longest = MEBIBYTE;
    for (let step = longest / 2; step >= 1; step /= 2) {
      const taken = await log.append(Topic.Signals, [{ key: 'k', value: Buffer.alloc(longest), headers: {} }]).then(
        () => true,
        () => false,
      );
      longest += taken ? step : -step;
    }
    const large = Buffer.alloc(longest - 2, 'x');
    const small = Buffer.from('small');
    await appendDeadLetters(
      log,
      [small, large].map((value) => deadLetter({ key: 'k', value, headers: { ce_id: '1' } }, error)),
    );
    const [first, second] = await letters(2);
    expect(first?.value).toEqual(small);
    expect(first?.headers).not.toHaveProperty(['tocsin.truncated']);
    expect(second?.value).toEqual(large.subarray(0, MEBIBYTE / 2));
    expect(second?.headers).toMatchObject({ ce_id: '1', 'tocsin.truncated': 'true', 'tocsin.error.reason': 'undecodable' });
  });

  it('rejects while the log takes nothing', async () => {
    const away: EventLog = Object.assign(Object.create(log) as EventLog, { append: () => Promise.reject(new LogUnavailable('away')) });
    await expect(appendDeadLetters(away, [deadLetter({ key: 'k', value: Buffer.from('x'), headers: {} }, error)])).rejects.toThrow(LogUnavailable);
  });
});
