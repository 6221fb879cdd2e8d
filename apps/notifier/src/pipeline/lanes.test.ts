import { describe, expect, it } from '@jest/globals';
import { inLanes } from './lanes.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('inLanes', () => {
  it('keeps the order within a key, side by side with others, within the bound', async () => {
    const items = Array.from({ length: 40 }, (_, index) => ({ key: index % 8, index }));
    const begun: { key: number; index: number }[] = [];
    let concurrent = 0;
    let most = 0;
    await inLanes(
      items,
      ({ key }) => key,
      3,
      async (item) => {
        most = Math.max(most, ++concurrent);
        begun.push(item);
        await turn();
        concurrent--;
        return true;
      },
    );
    expect(begun).toHaveLength(40);
    expect(most).toBe(3);
    for (let key = 0; key < 8; key++) {
      const own = begun.filter((item) => item.key === key).map(({ index }) => index);
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
  });

  it('leaves the rest of a key after one that must be tried again', async () => {
    const begun: string[] = [];
    await inLanes(
      ['a1', 'b1', 'a2', 'b2'],
      (item) => item[0],
      2,
      async (item) => {
        begun.push(item);
        return item !== 'a1';
      },
    );
    expect(begun.toSorted()).toEqual(['a1', 'b1', 'b2']);
  });

  it('rejects only when nothing is under way any more', async () => {
    let underWay = 0;
    const attempt = async (item: number): Promise<boolean> => {
      underWay++;
      for (let turns = 0; turns < item; turns++) await turn();
      underWay--;
      if (item === 0) throw new Error('broken');
      return true;
    };
    await expect(inLanes([0, 3, 5, 7], (item) => item, 4, attempt)).rejects.toThrow('broken');
    expect(underWay).toBe(0);
  });
});
