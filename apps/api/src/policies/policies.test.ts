import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { addRuleHits, insertActions, putPolicies } from '@tocsin/store';
import { openApi, type ApiUnderTest } from '../access/testing.js';
import { actionExample } from '../resources/action-examples.js';

const T1 = '2026-09-14T14:00:00.000Z';
const none = { matches: 0, signals: 0, incidents: 0, evicted: 0, lastMatchAt: null };

describe('policies in force', () => {
  let api: ApiUnderTest;
  beforeEach(async () => {
    api = await openApi({ protection: { by: 'loopback' } });
  });
  afterEach(() => api.close());

  const document = (name: string, mode: 'enabled' | 'disabled' = 'enabled') => ({
    name,
    mode,
    file: 'a.yaml',
    line: 3,
    hash: 'h',
    document: JSON.stringify({ metadata: { name } }),
    loadedAt: T1,
  });
  const get = async (path: string) => (await api.send('GET', path)).body;

  it('shows rules with what they came to, also those that never matched and those that are gone', async () => {
    const { db } = api.store;
    await putPolicies(db, 'CorrelationRule', [document('shell'), document('never'), document('off', 'disabled')]);
    await addRuleHits(db, 'v/0', [{ ...none, rule: 'shell', matches: 3, incidents: 1, lastMatchAt: T1 }], T1);
    await addRuleHits(db, 'v/1', [{ ...none, rule: 'old', matches: 1, signals: 1, evicted: 2 }], T1);
    const nothing = { matches: 0, signals: 0, incidents: 0, evicted: 0 };
    expect(await get('/v1/rules')).toEqual({
      items: [
        { name: 'never', mode: 'enabled', ...nothing },
        { name: 'off', mode: 'disabled', ...nothing },
        { name: 'old', mode: 'gone', matches: 1, signals: 1, incidents: 0, evicted: 2, counted_since: T1 },
        { name: 'shell', mode: 'enabled', ...nothing, matches: 3, incidents: 1, last_match: T1, counted_since: T1 },
      ],
    });
  });

  it('shows documents with where they stand and how often they were hit', async () => {
    const { db } = api.store;
    await putPolicies(db, 'CorrelationRule', [document('shell')]);
    await putPolicies(db, 'ResponsePolicy', [document(actionExample.policy), document('idle')]);
    await putPolicies(db, 'Subscription', [document('soc')]);
    await addRuleHits(db, 'v/0', [{ ...none, rule: 'shell', matches: 3, lastMatchAt: T1 }], T1);
    await insertActions(db, [{ action: actionExample, work: {}, holds: false, disrupts: false, dueAt: null }]);
    const stands = { mode: 'enabled', file: 'a.yaml', line: 3, hash: 'h', loaded_at: T1 };
    const responses = [
      { kind: 'ResponsePolicy', name: 'idle', ...stands, hits: 0 },
      { kind: 'ResponsePolicy', name: actionExample.policy, ...stands, hits: 1, last_hit: actionExample.created_at },
    ].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const rule = { kind: 'CorrelationRule', name: 'shell', ...stands, hits: 3, last_hit: T1 };
    expect(await get('/v1/policies')).toEqual({ items: [rule, ...responses, { kind: 'Subscription', name: 'soc', ...stands }] });
    expect(await get('/v1/policies?kind=ResponsePolicy')).toEqual({ items: responses });
    expect(await get('/v1/policies/CorrelationRule/shell')).toEqual({ ...rule, document: { metadata: { name: 'shell' } } });
  });

  it('says that a document is not in force', async () => {
    await putPolicies(api.store.db, 'CorrelationRule', [document('shell')]);
    for (const path of ['CorrelationRule/other', 'Silence/shell', 'Nonsense/shell', 'CorrelationRule/%00'])
      expect((await api.send('GET', `/v1/policies/${path}`)).status).toBe(404);
  });
});
