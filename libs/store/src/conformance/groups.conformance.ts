import { expect, it } from '@jest/globals';
import { advanceGathered, deleteGroupRow, deleteIdleGroups, dueGroups, lockGroup, putGroup, readGathered } from '../index.js';
import { HOSTILE, type CurrentStore } from './harness.js';

const at = (second: number): string => new Date(Date.UTC(2026, 8, 14, 14, 0, second)).toISOString();

export function groupsSuite(current: CurrentStore): void {
  it('advances from where it was, and from nowhere else', async () => {
    const { db } = current();
    expect(await readGathered(db, 'soc', 0)).toBeUndefined();
    expect(await advanceGathered(db, 'soc', 0, undefined, { nextOffset: 5, state: 'a' })).toBe(true);
    expect(await advanceGathered(db, 'soc', 0, undefined, { nextOffset: 6, state: 'b' })).toBe(false);
    expect(await advanceGathered(db, 'soc', 0, 4, { nextOffset: 6, state: 'b' })).toBe(false);
    expect(await advanceGathered(db, 'soc', 0, 5, { nextOffset: 9, state: 'c' })).toBe(true);
    expect(await readGathered(db, 'soc', 0)).toEqual({ nextOffset: 9, state: 'c' });
    expect(await readGathered(db, 'soc', 1)).toBeUndefined();
  });

  it('gives the groups that are due, each once', async () => {
    const store = current();
    for (const [group, partition, second] of [
      ['b', 0, 2],
      ['b', 1, 1],
      ['a', 0, 3],
      ['later', 0, 50],
    ] as const) {
      await putGroup(store.db, 'soc', group, { partition, state: '{}', dueAt: at(second) }, at(0));
    }
    await putGroup(store.db, 'soc', 'never', { partition: 0, state: '{}', dueAt: null }, at(0));
    await putGroup(store.db, 'noc', 'other', { partition: 0, state: '{}', dueAt: at(1) }, at(0));
    expect(await dueGroups(store.db, 'soc', at(10), 10)).toEqual(['b', 'a']);
    expect(await dueGroups(store.db, 'soc', at(10), 1)).toEqual(['b']);
    await store.transaction(async (tx) => {
      expect(await lockGroup(tx, 'soc', 'b')).toEqual([
        { partition: 0, state: '{}', dueAt: at(2) },
        { partition: 1, state: '{}', dueAt: at(1) },
      ]);
      await putGroup(tx, 'soc', 'b', { partition: 0, state: '{"x":1}', dueAt: null }, at(11));
      await deleteGroupRow(tx, 'soc', 'b', 1);
    });
    expect(await dueGroups(store.db, 'soc', at(10), 10)).toEqual(['a']);
  });

  it('forgets groups of which nothing was heard and nothing is to be told', async () => {
    const { db } = current();
    await putGroup(db, 'soc', 'idle', { partition: -1, state: '{}', dueAt: null }, at(0));
    await putGroup(db, 'soc', 'fresh', { partition: -1, state: '{}', dueAt: null }, at(20));
    await putGroup(db, 'soc', 'due', { partition: 0, state: '{}', dueAt: at(1) }, at(0));
    await deleteIdleGroups(db, 'soc', at(10));
    const left = await Promise.all(['idle', 'fresh', 'due'].map(async (group) => (await lockGroup(db, 'soc', group)).length));
    expect(left).toEqual([0, 1, 1]);
  });

  it.each(Object.entries(HOSTILE))('keeps a group that a hostile sender chose: %s', async (_name, text) => {
    const { db } = current();
    const group = JSON.stringify({ 'workload.name': text.toWellFormed().replaceAll('\u0000', '') });
    await putGroup(db, 'soc', group, { partition: 0, state: '{}', dueAt: at(1) }, at(0));
    expect(await dueGroups(db, 'soc', at(2), 1)).toEqual([group]);
    expect(await lockGroup(db, 'soc', group)).toHaveLength(1);
  });
}
