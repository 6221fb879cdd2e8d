import { expect, it } from '@jest/globals';
import { addRuleHits, getPolicy, listPolicies, putPolicies, sumRuleHits, type PolicyInForce, type RuleHits } from '../index.js';
import type { CurrentStore } from './harness.js';

const KIND = 'CorrelationRule';
const T1 = '2026-09-14T14:00:00.000Z';
const T2 = '2026-09-14T15:00:00.000Z';

function policy(name: string, parts: Partial<PolicyInForce> = {}): PolicyInForce {
  return { kind: KIND, name, mode: 'enabled', file: 'rules.yaml', line: 1, hash: 'h1', document: '{"a":1}', loadedAt: T1, ...parts };
}

function hits(rule: string, parts: Partial<RuleHits> = {}): RuleHits {
  return { rule, matches: 0, signals: 0, incidents: 0, evicted: 0, lastMatchAt: null, ...parts };
}

export function policiesSuite(current: CurrentStore): void {
  it('has those in force that were put last, and of other kinds those from before', async () => {
    const { db } = current();
    const silence = policy('night', { kind: 'Silence' });
    await putPolicies(db, 'Silence', [silence]);
    await putPolicies(db, KIND, [policy('b'), policy('a', { mode: 'disabled' })]);
    expect(await listPolicies(db, KIND)).toEqual([policy('a', { mode: 'disabled' }), policy('b')]);
    await putPolicies(db, KIND, [policy('c')]);
    expect(await listPolicies(db, KIND)).toEqual([policy('c')]);
    await putPolicies(db, KIND, []);
    expect([await listPolicies(db, KIND), await listPolicies(db)]).toEqual([[], [silence]]);
    expect(await getPolicy(db, 'Silence', 'night')).toEqual(silence);
    expect(await getPolicy(db, KIND, 'night')).toBeUndefined();
    expect(await getPolicy(db, '\u0000', '\ud800')).toBeUndefined();
  });

  it('says since when a document is as it is', async () => {
    const { db } = current();
    await putPolicies(db, KIND, [policy('same'), policy('other')]);
    await putPolicies(db, KIND, [policy('same', { loadedAt: T2, line: 9 }), policy('other', { loadedAt: T2, hash: 'h2' })]);
    expect(await listPolicies(db, KIND)).toEqual([policy('other', { loadedAt: T2, hash: 'h2' }), policy('same', { loadedAt: T1, line: 9 })]);
  });

  it('lets replicas put the same ones at once', async () => {
    const { db } = current();
    const many = Array.from({ length: 100 }, (_, index) => policy(`rule-${index}`));
    await Promise.all([many, many.toReversed(), many.slice(0, 50), many].map((policies) => putPolicies(db, KIND, policies)));
    await putPolicies(db, KIND, many);
    expect(await listPolicies(db, KIND)).toHaveLength(100);
  });

  it('adds up what partitions counted', async () => {
    const { db } = current();
    expect(await sumRuleHits(db)).toEqual([]);
    await addRuleHits(db, 'v/0', [hits('shell', { matches: 2, signals: 1, lastMatchAt: T2 }), hits('burst', { incidents: 1 })], T1);
    await addRuleHits(db, 'v/0', [hits('shell', { evicted: 3 })], T2);
    await addRuleHits(db, 'v/1', [hits('shell', { matches: 5, incidents: 1, lastMatchAt: T1 })], T2);
    expect(await sumRuleHits(db)).toEqual([
      { ...hits('burst', { incidents: 1 }), since: T1 },
      { ...hits('shell', { matches: 7, signals: 1, incidents: 1, evicted: 3, lastMatchAt: T2 }), since: T1 },
    ]);
  });

  it('counts nothing of a transaction that failed', async () => {
    const store = current();
    const failed = store.transaction(async (tx) => {
      await addRuleHits(tx, 'v/0', [hits('shell', { matches: 2 })], T1);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await sumRuleHits(store.db)).toEqual([]);
  });
}
