import { describe, expect, it } from '@jest/globals';
import { Uncertain } from './uncertain.js';

const MINUTE = 60_000;
const message = Buffer.from('m');

describe('uncertain messages', () => {
  it('are those of the last minute after a reset, and of the last 20 when packets vanished', () => {
    for (const [code, expected] of [
      ['ECONNRESET', ['new']],
      ['ECLOSED', ['new']],
      ['ETIMEDOUT', ['old', 'new']],
      ['EHOSTUNREACH', ['old', 'new']],
    ] as const) {
      const uncertain = new Uncertain();
      uncertain.add([Buffer.from('ancient')], 0);
      uncertain.add([Buffer.from('old')], 10 * MINUTE);
      uncertain.add([Buffer.from('new')], 25 * MINUTE);
      expect(uncertain.take(code, 25 * MINUTE).map(String)).toEqual(expected);
      expect(uncertain.take(code, 25 * MINUTE)).toEqual([]);
    }
  });

  it('are bounded in number and in bytes; the oldest go first', () => {
    const uncertain = new Uncertain();
    for (let batch = 0; batch < 50; batch++) uncertain.add(Array(1_000).fill(message), 0);
    expect(uncertain.take('ECONNRESET', 0)).toHaveLength(20_000);
    const large = Buffer.alloc(1024 * 1024);
    for (let index = 0; index < 20; index++) uncertain.add([large], 0);
    uncertain.add([message], 0);
    const kept = uncertain.take('ECONNRESET', 0);
    expect(kept).toHaveLength(8);
    expect(kept.at(-1)).toBe(message);
  });
});
