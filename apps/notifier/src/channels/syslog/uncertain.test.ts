import { describe, expect, it } from '@jest/globals';
import { Uncertain, type Written } from './uncertain.js';

const MINUTE = 60_000;
const written = (text: string | Buffer, messages = 1): Written => ({ bytes: Buffer.from(text as string), messages });

describe('uncertain messages', () => {
  it('are those of the last minute after a reset, and of the last 20 when packets vanished', () => {
    for (const [code, expected] of [
      ['ECONNRESET', ['new']],
      ['ECLOSED', ['new']],
      ['ETIMEDOUT', ['old', 'new']],
      ['EHOSTUNREACH', ['old', 'new']],
    ] as const) {
      const uncertain = new Uncertain();
      uncertain.add([written('ancient')], 0);
      uncertain.add([written('old')], 10 * MINUTE);
      uncertain.add([written('new')], 25 * MINUTE);
      expect(uncertain.take(code, 25 * MINUTE).map(({ bytes }) => bytes.toString())).toEqual(expected);
      expect(uncertain.take(code, 25 * MINUTE)).toEqual([]);
    }
  });

  it('are bounded in number and in bytes; the oldest go first', () => {
    const uncertain = new Uncertain();
    for (let batch = 0; batch < 50; batch++) uncertain.add([written('batch', 1_000), written('one')], 0);
    const messages = uncertain.take('ECONNRESET', 0).reduce((sum, one) => sum + one.messages, 0);
    expect(messages).toBeGreaterThanOrEqual(20_000);
    expect(messages).toBeLessThan(21_001);
    const large = Buffer.alloc(1024 * 1024);
    for (let index = 0; index < 20; index++) uncertain.add([written(large)], 0);
    uncertain.add([written('last')], 0);
    const kept = uncertain.take('ECONNRESET', 0);
    expect(kept).toHaveLength(9);
    expect(kept.at(-1)?.bytes.toString()).toBe('last');
  });
});
