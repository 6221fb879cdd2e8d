import { expect, it } from '@jest/globals';
import {
  advancePosition,
  deleteOutbox,
  deleteRuleStates,
  loadRuleStates,
  outboxOwners,
  putOutbox,
  readPosition,
  saveRuleStates,
  takeOutbox,
  type OutboxRecord,
  type Store,
} from '../index.js';
import { allRuleStates, HOSTILE, type CurrentStore, type StoreHarness } from './harness.js';

const record = (n: number): OutboxRecord => ({ topic: 't', key: `k${n}`, value: Buffer.from([n % 256, 0, 255]), headers: { ce_id: `é${n}` } });
const withoutIds = (rows: readonly (OutboxRecord & { id: number })[]): OutboxRecord[] => rows.map(({ id: _id, ...rest }) => rest);

export function consumersSuite(current: CurrentStore, harness: StoreHarness): void {
  it('moves a position only from where the caller left it', async () => {
    const { db } = current();
    expect(await readPosition(db, 'g', 't', 0)).toBeUndefined();
    expect(await advancePosition(db, 'g', 't', 0, 5, 10)).toBe(false);
    expect(await advancePosition(db, 'g', 't', 0, undefined, 10)).toBe(true);
    expect(await advancePosition(db, 'g', 't', 0, undefined, 20)).toBe(false);
    expect(await advancePosition(db, 'g', 't', 0, 9, 20)).toBe(false);
    expect(await advancePosition(db, 'g', 't', 0, 10, 20)).toBe(true);
    expect(await readPosition(db, 'g', 't', 0)).toBe(20);
    expect(await readPosition(db, 'g', 't', 1)).toBeUndefined();
  });

  it('keeps offsets beyond 32 bits as numbers', async () => {
    const { db } = current();
    const far = 2 ** 52 + 1;
    await advancePosition(db, 'g', 't', 0, undefined, far);
    expect(await readPosition(db, 'g', 't', 0)).toBe(far);
    expect(await advancePosition(db, 'g', 't', 0, far, far + 1)).toBe(true);
  });

  it('lets one owner take a new partition', async () => {
    const attempts = await Promise.all([1, 2, 3, 4].map((next) => current().transaction((tx) => advancePosition(tx, 'g', 't', 1, undefined, next))));
    expect(attempts.filter(Boolean)).toHaveLength(1);
  });

  it('fences a late owner: of two that go on from one position, one has its state kept', async () => {
    const second = harness.again === undefined ? undefined : await harness.again();
    await advancePosition(current().db, 'g', 't', 0, undefined, 0);
    const owner = async (store: Store, name: string): Promise<number> => {
      let batches = 0;
      for (let next = 0; next < 20; next += 1) {
        const kept = await store
          .transaction(async (tx) => {
            if (!(await advancePosition(tx, 'g', 't', 0, next, next + 1))) throw new Error('fenced');
            await putOutbox(tx, 'o', [{ ...record(next), key: name }]);
          })
          .then(
            () => true,
            () => false,
          );
        if (kept) batches += 1;
      }
      return batches;
    };
    const [one, two] = await Promise.all([owner(current(), 'one'), owner(second ?? current(), 'two')]);
    expect(one + two).toBe(20);
    const rows = await takeOutbox(current().db, 'o', 100);
    expect(rows.map(({ value }) => value[0])).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(rows.filter(({ key }) => key === 'one')).toHaveLength(one);
    await second?.close();
  });

  it('gives the outbox back in order, by owner, until it is deleted', async () => {
    const { db } = current();
    await putOutbox(db, 'a', [1, 2, 3].map(record));
    await putOutbox(db, 'b', [record(9)]);
    const first = await takeOutbox(db, 'a', 2);
    expect(withoutIds(first)).toEqual([record(1), record(2)]);
    await deleteOutbox(
      db,
      first.map(({ id }) => id),
    );
    expect(withoutIds(await takeOutbox(db, 'a', 10))).toEqual([record(3)]);
    expect(withoutIds(await takeOutbox(db, 'b', 10))).toEqual([record(9)]);
    expect((await outboxOwners(db, ['a', 'b', 'c'])).toSorted()).toEqual(['a', 'b']);
    expect(await outboxOwners(db, ['c'])).toEqual([]);
  });

  it('takes more records at once than a statement has parameters', async () => {
    const { db } = current();
    const many = Array.from({ length: 7_000 }, (_, n) => record(n));
    await putOutbox(db, 'a', many);
    const taken = await takeOutbox(db, 'a', 10_000);
    expect(withoutIds(taken)).toEqual(many);
    await deleteOutbox(
      db,
      taken.map(({ id }) => id),
    );
    expect(await takeOutbox(db, 'a', 1)).toEqual([]);
  });

  it('keeps rule states by partition, replaces and deletes them', async () => {
    const { db } = current();
    const state = (group: string, text: string) => ({ rule: 'r', ruleVersion: '1', group, state: text, wakeAt: 1_789_000_000_000 });
    await saveRuleStates(db, 't', 0, [state('g1', '1'), state('g2', '2'), state('g1', '1b')]);
    await saveRuleStates(db, 't', 1, [state('g1', 'other')]);
    await saveRuleStates(db, 't', 0, [state('g1', '3')]);
    await deleteRuleStates(db, 't', 0, [state('g2', ''), state('absent', '')]);
    await deleteRuleStates(db, 't', 0, []);
    expect(await allRuleStates(db, 't', 0)).toEqual([state('g1', '3')]);
    expect(await allRuleStates(db, 't', 1)).toEqual([state('g1', 'other')]);
  });

  it('keeps groups with hostile names apart and whole', async () => {
    const { db } = current();
    const long = HOSTILE['long and dense'];
    const groups = [...Object.values(HOSTILE), `${long}a`, `${long}b`, 'a\uFFFDb'];
    const states = groups.map((group, n) => ({ rule: 'r', ruleVersion: '1', group, state: String(n), wakeAt: n }));
    await saveRuleStates(db, 't', 0, states);
    expect((await allRuleStates(db, 't', 0)).toSorted((a, b) => a.wakeAt - b.wakeAt)).toEqual(states);
    await deleteRuleStates(db, 't', 0, states.slice(1));
    expect(await allRuleStates(db, 't', 0)).toEqual(states.slice(0, 1));
  });

  it('loads rule states some at a time, and lets others run in between', async () => {
    const { db } = current();
    const keys = Array.from({ length: 24_000 }, (_, n) => ({ rule: `r${n % 3}`, ruleVersion: `v${n % 2}`, group: `g${Math.floor(n / 9)}` }));
    await saveRuleStates(
      db,
      't',
      0,
      keys.map((key, n) => ({ ...key, state: '{}', wakeAt: n })),
    );
    let turns = 0;
    let going = true;
    const count = (): void => {
      turns += 1;
      if (going) setImmediate(count);
    };
    setImmediate(count);
    const seen: string[] = [];
    const turnsAtPage: number[] = [];
    await loadRuleStates(db, 't', 0, (rows) => {
      turnsAtPage.push(turns);
      expect(rows.length).toBeLessThanOrEqual(10_000);
      for (const { rule, ruleVersion, group } of rows) seen.push(`${rule}/${ruleVersion}/${group}`);
    });
    going = false;
    expect(seen).toEqual([...new Set(keys.map(({ rule, ruleVersion, group }) => `${rule}/${ruleVersion}/${group}`))].toSorted());
    expect(new Set(turnsAtPage).size).toBe(turnsAtPage.length);
  });

  it('loads and deletes tens of thousands of rule states', async () => {
    const { db } = current();
    const states = Array.from({ length: 12_000 }, (_, n) => ({ rule: 'r', ruleVersion: '1', group: `g${n}`, state: '{"n":1}', wakeAt: n }));
    await saveRuleStates(db, 't', 0, states);
    expect(new Set((await allRuleStates(db, 't', 0)).map(({ group }) => group)).size).toBe(12_000);
    await deleteRuleStates(db, 't', 0, states);
    expect(await allRuleStates(db, 't', 0)).toEqual([]);
  });
}
