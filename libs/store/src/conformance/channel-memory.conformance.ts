import { expect, it } from '@jest/globals';
import { forget, recall, remember } from '../index.js';
import { HOSTILE, type CurrentStore } from './harness.js';

export function channelMemorySuite(current: CurrentStore): void {
  it('sets what is not set, and replaces what is as expected', async () => {
    const { db } = current();
    expect(await recall(db, 'soc', 'incident')).toBeUndefined();
    expect(await remember(db, 'soc', 'incident', 'one', undefined)).toBe(true);
    expect(await remember(db, 'soc', 'incident', 'two', undefined)).toBe(false);
    expect(await remember(db, 'soc', 'incident', 'two', 'none')).toBe(false);
    expect(await recall(db, 'soc', 'incident')).toBe('one');
    expect(await remember(db, 'soc', 'incident', 'two', 'one')).toBe(true);
    expect(await recall(db, 'soc', 'incident')).toBe('two');
    await forget(db, 'soc', 'incident');
    expect(await recall(db, 'soc', 'incident')).toBeUndefined();
    expect(await remember(db, 'soc', 'incident', 'three', 'two')).toBe(false);
  });

  it('lets one of many have it', async () => {
    const { db } = current();
    const taken = await Promise.all(Array.from({ length: 10 }, (_, index) => remember(db, 'soc', 'lease', String(index), undefined)));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await recall(db, 'soc', 'lease')).toBe(String(taken.indexOf(true)));
  });

  it('keeps subscriptions apart', async () => {
    const { db } = current();
    await remember(db, 'soc', 'a', '1', undefined);
    await remember(db, 'noc', 'a', '2', undefined);
    await forget(db, 'soc', 'a');
    expect([await recall(db, 'soc', 'a'), await recall(db, 'noc', 'a')]).toEqual([undefined, '2']);
  });

  it.each(Object.entries(HOSTILE))('keeps a name that a hostile sender chose: %s', async (_name, text) => {
    const { db } = current();
    expect(await remember(db, 'soc', text, 'x', undefined)).toBe(true);
    expect(await recall(db, 'soc', text)).toBe('x');
  });
}
