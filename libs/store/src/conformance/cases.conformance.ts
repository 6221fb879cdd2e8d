import { expect, it } from '@jest/globals';
import {
  casesOf,
  changeCase,
  claimCase,
  dropCase,
  findCase,
  forgetCase,
  getCase,
  listCases,
  putCase,
  releaseCase,
  retryCase,
  type CaseFilter,
} from '../index.js';
import { HOSTILE, type CurrentStore } from './harness.js';

const at = (second: number): string => new Date(Date.UTC(2026, 8, 14, 14, 0, second)).toISOString();
const key = { subscription: 'jira', subject: 'incident' };

export function casesSuite(current: CurrentStore): void {
  const claim = (by: string, second: number, subject = 'incident') =>
    claimCase(current().db, { ...key, subject }, { by, now: at(second), until: at(second + 10) });

  it('gives a case to one process at a time, and to another when that one is late', async () => {
    expect(await claim('one', 0)).toMatchObject({ ...key, state: 'creating', version: 0, reference: undefined });
    expect(await claim('two', 5)).toBeUndefined();
    expect(await claim('one', 6)).toBeDefined();
    expect(await claim('two', 17)).toBeDefined();
    // The first one is too late now.
    expect(await changeCase(current().db, key, 'one', { state: 'open' }, at(18))).toBe(false);
    await releaseCase(current().db, key, 'one');
    expect(await claim('three', 18)).toBeUndefined();
    await releaseCase(current().db, key, 'two');
    expect(await claim('three', 18)).toBeDefined();
  });

  it('is taken by one of many', async () => {
    const taken = await Promise.all(Array.from({ length: 8 }, (_, index) => claim(`process ${index}`, 0)));
    expect(taken.filter((row) => row !== undefined)).toHaveLength(1);
  });

  it('keeps what is known of a case, and finds it by its name there', async () => {
    const { db } = current();
    await claim('one', 0);
    const change = {
      state: 'open',
      reference: '10007',
      name: 'SEC-7',
      url: 'https://jira/browse/SEC-7',
      version: 3,
      written: '{"a":1}',
      attemptedAt: at(1),
    } as const;
    expect(await changeCase(db, key, 'one', change, at(2))).toBe(true);
    const row = { ...key, ...change, reason: '', createdAt: at(0), updatedAt: at(2) };
    expect(await getCase(db, 'jira', 'incident')).toEqual(row);
    expect(await findCase(db, 'jira', '10007')).toEqual(row);
    expect(await findCase(db, 'other', '10007')).toBeUndefined();
    await claimCase(db, { subscription: 'another', subject: 'incident' }, { by: 'one', now: at(0), until: at(10) });
    expect((await casesOf(db, 'incident')).map(({ subscription }) => subscription)).toEqual(['another', 'jira']);
  });

  it('writes a case only over what was read of it, and forgets one', async () => {
    const { db } = current();
    const row = {
      ...key,
      state: 'creating',
      reference: undefined,
      name: undefined,
      url: undefined,
      reason: '',
      version: 0,
      written: '{"n":1}',
    } as const;
    expect(await Promise.all([1, 2].map(() => putCase(db, row, undefined, at(0))))).toEqual(expect.arrayContaining([true, false]));
    const made = { ...row, state: 'open', reference: 'r', name: 'INC1', url: 'https://x', version: 1, written: '{"n":2}' } as const;
    expect(await putCase(db, made, '{"n":0}', at(1))).toBe(false);
    expect(await putCase(db, made, '{"n":1}', at(1))).toBe(true);
    expect(await getCase(db, key.subscription, key.subject)).toEqual({ ...made, attemptedAt: undefined, createdAt: at(0), updatedAt: at(1) });
    await dropCase(db, key);
    expect(await getCase(db, key.subscription, key.subject)).toBeUndefined();
  });

  it('shows cases newest first, in pages that leave none out, by subscription and state', async () => {
    const { db } = current();
    for (const [subscription, subject, second] of [
      ['jira', 'a', 1],
      ['jira', 'b', 1],
      ['snow', 'b', 1],
      ['jira', 'c', 0],
    ] as const) {
      await claimCase(db, { subscription, subject }, { by: 'one', now: at(second), until: at(60) });
    }
    await changeCase(db, { subscription: 'jira', subject: 'b' }, 'one', { state: 'orphaned' }, at(9));
    const listed = async (filter: CaseFilter, limit: number): Promise<string[]> => {
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await listCases(db, filter, { limit, cursor });
        names.push(...page.items.map(({ subscription, subject }) => `${subscription}/${subject}`));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      return names;
    };
    const all = ['snow/b', 'jira/b', 'jira/a', 'jira/c'];
    for (const limit of [1, 2, 3, 10]) expect(await listed({}, limit)).toEqual(all);
    expect(await listed({ subscription: 'jira' }, 2)).toEqual(['jira/b', 'jira/a', 'jira/c']);
    expect(await listed({ state: 'orphaned' }, 2)).toEqual(['jira/b']);
  });

  it('takes up an orphaned case again, or forgets it, and leaves every other one alone', async () => {
    const { db } = current();
    await claim('one', 0);
    expect([await retryCase(db, key, at(1)), await forgetCase(db, key)]).toEqual([false, false]);
    await changeCase(db, key, 'one', { state: 'orphaned', reference: '7', reason: 'gone' }, at(1));
    expect(await retryCase(db, key, at(2))).toBe(true);
    expect(await getCase(db, 'jira', 'incident')).toMatchObject({ state: 'open', reference: '7', reason: '', updatedAt: at(2) });
    await changeCase(db, key, 'one', { state: 'orphaned' }, at(3));
    expect(await forgetCase(db, key)).toBe(true);
    expect(await getCase(db, 'jira', 'incident')).toBeUndefined();
    expect(await forgetCase(db, key)).toBe(false);
  });

  it.each(Object.entries(HOSTILE))('keeps a reason with %s', async (_name, text) => {
    await claim('one', 0);
    expect(await changeCase(current().db, key, 'one', { state: 'orphaned', reason: text }, at(1))).toBe(true);
    expect((await getCase(current().db, 'jira', 'incident'))?.state).toBe('orphaned');
  });
}
