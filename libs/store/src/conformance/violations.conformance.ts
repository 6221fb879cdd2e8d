import { expect, it } from '@jest/globals';
import type { Violation } from '@tocsin/domain';
import { buildViolation } from '@tocsin/testing';
import { BadCursor, getViolation, insertViolations, listViolations, type ViolationFilter } from '../index.js';
import { allPages, HOSTILE, type CurrentStore } from './harness.js';

export function violationsSuite(current: CurrentStore): void {
  const list = async (filter: ViolationFilter): Promise<Violation[]> => (await listViolations(current().db, filter, { limit: 50 })).items;

  it('keeps the first of those with one id, and counts the new ones', async () => {
    const { db } = current();
    const first = buildViolation({ message: 'first' });
    const other = buildViolation({ time: '2026-09-14T15:00:00.000Z' });
    expect(await insertViolations(db, [first, { ...first, message: 'second' }])).toBe(1);
    expect(await insertViolations(db, [{ ...first, message: 'third' }, other])).toBe(1);
    expect(await insertViolations(db, [])).toBe(0);
    expect(await getViolation(db, first.id)).toEqual(first);
    expect(await getViolation(db, 'absent')).toBeUndefined();
  });

  it('pages through thousands of rows at few times, neither repeating nor leaving out any', async () => {
    const violations = Array.from({ length: 3_500 }, (_, n) =>
      buildViolation({ time: new Date(Date.UTC(2026, 8, 14, 0, 0, n % 5)).toISOString(), message: String(n) }),
    );
    await insertViolations(current().db, violations);
    const seen = await allPages((page) => listViolations(current().db, {}, page), 500);
    const newestFirst = violations.toSorted((a, b) => (a.time + a.id < b.time + b.id ? 1 : -1));
    expect(seen.map(({ id }) => id)).toEqual(newestFirst.map(({ id }) => id));
  });

  it('does not repeat rows when new ones come between two pages', async () => {
    const { db } = current();
    const at = (minute: number) => buildViolation({ time: new Date(Date.UTC(2026, 8, 14, 0, minute)).toISOString() });
    await insertViolations(db, [at(1), at(2), at(3)]);
    const first = await listViolations(db, {}, { limit: 2 });
    await insertViolations(db, [at(4), at(5)]);
    const second = await listViolations(db, {}, { limit: 2, cursor: first.nextCursor });
    expect([...first.items, ...second.items]).toEqual([at(3), at(2), at(1)]);
    expect(second.nextCursor).toBeUndefined();
  });

  it('filters by each field and by several', async () => {
    const shop = buildViolation();
    const pay = buildViolation({
      source: 'neuvector',
      kind: 'network',
      name: 'Egress',
      severity_id: 5,
      cluster: 'east',
      workload: { namespace: 'pay', name: 'api' },
      time: '2026-09-14T15:00:00.000Z',
    });
    const node = buildViolation({ workload: {}, time: '2026-09-14T13:00:00.000Z' });
    await insertViolations(current().db, [shop, pay, node]);
    expect(await list({})).toEqual([pay, shop, node]);
    expect(await list({ source: 'neuvector' })).toEqual([pay]);
    expect(await list({ kind: 'process' })).toEqual([shop, node]);
    expect(await list({ name: 'Egress' })).toEqual([pay]);
    expect(await list({ severity: 3 })).toEqual([pay, shop, node]);
    expect(await list({ severity: 4 })).toEqual([pay]);
    expect(await list({ cluster: 'east' })).toEqual([pay]);
    expect(await list({ namespace: 'shop' })).toEqual([shop]);
    expect(await list({ workload: 'api' })).toEqual([pay]);
    expect(await list({ since: shop.time })).toEqual([pay, shop]);
    expect(await list({ until: shop.time })).toEqual([node]);
    expect(await list({ since: '2026-09-14T14:00:00Z', until: '2026-09-14T17:00:00+02:00' })).toEqual([shop]);
    expect(await list({ namespace: 'pay', severity: 6 })).toEqual([]);
  });

  it.each(Object.entries(HOSTILE))('keeps %s whole and finds exactly it', async (_, text) => {
    const hostile = buildViolation({
      source: text,
      name: text,
      message: text,
      cluster: text,
      workload: { namespace: text, name: text },
      labels: { [text]: text },
      raw: text,
    });
    const near = buildViolation({ source: `${text}x`, name: `${text}x`, cluster: `${text}x`, workload: { namespace: `${text}x`, name: `${text}x` } });
    await insertViolations(current().db, [hostile, near]);
    expect(await getViolation(current().db, hostile.id)).toEqual(hostile);
    for (const field of ['source', 'name', 'cluster', 'namespace', 'workload'] as const) expect(await list({ [field]: text })).toEqual([hostile]);
    expect(await list({ kind: text })).toEqual([]);
    expect(await getViolation(current().db, text)).toBeUndefined();
  });

  it('refuses a cursor that it did not give', async () => {
    const encode = (text: string): string => Buffer.from(text).toString('base64url');
    const forged = [
      '',
      'x',
      '\u0000',
      encode('[1,2]'),
      encode('["a"]'),
      encode('["\\u0000","b"]'),
      encode(`["a","${'b'.repeat(201)}"]`),
      encode('{"0":"a"}'),
    ];
    for (const cursor of forged) await expect(listViolations(current().db, {}, { limit: 1, cursor })).rejects.toThrow(BadCursor);
  });
}
