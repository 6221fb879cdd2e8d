import { describe, expect, it } from '@jest/globals';
import { positionText, readPosition, type Position } from './position.js';
import { Recent, type Change } from './recent.js';

const change = (place: string, offset: number, data = '{}'): Change => ({ place, offset, type: 'incident', incident: 'i', severity: 1, data });
const at = (text: string): Position => readPosition(text) ?? new Map();

describe('a position', () => {
  it('says the same in words', () => {
    const position = new Map([
      ['i10', 3],
      ['a0', 0],
      ['i2', 99],
    ]);
    expect(positionText(position)).toBe('a0.0_i10.3_i2.99');
    expect(new Map(readPosition('a0.0_i10.3_i2.99'))).toEqual(position);
  });

  it.each(['', 'x', 'i0', 'i0.1_', 'i0.-1', 'v0.1', 'i0.1 a0.2', `i0.${'9'.repeat(16)}`, 'i0.1_'.repeat(10_000)])('is not %j', (text) => {
    expect(readPosition(text.slice(0, 30_000))).toBeUndefined();
  });
});

describe('the last changes', () => {
  it('are those after where a reader stands, in the order in which they came', () => {
    const recent = new Recent(1_000);
    recent.begin('i0', 10);
    recent.begin('a0', 0);
    for (const one of [change('i0', 10), change('a0', 0), change('i0', 11), change('a0', 1)]) recent.add(one);
    const after = (text: string): unknown => recent.after(at(text))?.map(({ change: { place, offset } }) => `${place} ${offset}`);
    expect(after('a0.0_i0.10')).toEqual(['i0 10', 'a0 0', 'i0 11', 'a0 1']);
    expect(after('a0.1_i0.11')).toEqual(['i0 11', 'a0 1']);
    expect(after('a0.2_i0.12')).toEqual([]);
    // Told by a replica that was further.
    expect(after('a0.9_i0.11')).toEqual(['i0 11']);
  });

  it('are unknown to who stands before them, or knows fewer partitions', () => {
    const recent = new Recent(1_000);
    recent.begin('i0', 10);
    recent.begin('i1', 10);
    expect(recent.after(at('i0.9_i1.10'))).toBeUndefined();
    expect(recent.after(at('i0.10'))).toBeUndefined();
    expect(recent.after(at('i0.10_i1.10'))).toEqual([]);
  });

  it('fit the room: who stands before what was dropped is not told half of it', () => {
    const recent = new Recent(100);
    recent.begin('i0', 0);
    for (let offset = 0; offset < 5; offset++) recent.add(change('i0', offset, 'x'.repeat(40)));
    expect(recent.after(at('i0.2'))).toBeUndefined();
    expect(recent.after(at('i0.3'))?.map(({ change: { offset } }) => offset)).toEqual([3, 4]);
  });

  it('are each there once, however often the log gives them', () => {
    const recent = new Recent(1_000);
    recent.begin('i0', 0);
    expect(recent.add(change('i0', 0))?.id).toBe('i0.1');
    expect(recent.add(change('i0', 0))).toBeUndefined();
    expect(recent.after(at('i0.0'))).toHaveLength(1);
  });
});
