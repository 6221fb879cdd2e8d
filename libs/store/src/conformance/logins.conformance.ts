import { expect, it } from '@jest/globals';
import {
  deleteApiSession,
  deleteEndedApiSessions,
  findApiSession,
  findApiToken,
  listApiTokens,
  noteApiSessionUse,
  noteApiTokenUse,
  putApiSession,
  putApiToken,
  revokeApiToken,
  type ApiSession,
  type ApiToken,
} from '../index.js';
import { HOSTILE, allPages, type CurrentStore } from './harness.js';

const at = (second: number): string => new Date(Date.UTC(2026, 8, 14, 14, 0, second)).toISOString();
const token = (id: string, more: Partial<ApiToken> = {}): ApiToken => ({
  id,
  name: 'ci',
  role: 'viewer',
  createdAt: at(0),
  createdBy: 'ann',
  expiresAt: at(50),
  ...more,
});
const session: ApiSession = { credential: 'token:t', principal: '{}', createdAt: at(0), seenAt: at(0), expiresAt: at(30) };

export function loginsSuite(current: CurrentStore): void {
  it('finds a token by its hash and its id, and by no other', async () => {
    const { db } = current();
    const full = token('a', { person: 'bob', operations: ['listIncidents'] });
    await putApiToken(db, 'h1', full);
    expect(await findApiToken(db, { hash: 'h1' })).toEqual(full);
    expect(await findApiToken(db, { id: 'a' })).toEqual(full);
    expect(await findApiToken(db, { hash: 'a' })).toBeUndefined();
    expect(await findApiToken(db, { id: 'h1' })).toBeUndefined();
  });

  it('takes each hash once', async () => {
    const { db } = current();
    await putApiToken(db, 'h1', token('a'));
    await expect(putApiToken(db, 'h1', token('b'))).rejects.toThrow();
  });

  it('revokes a token once, and remembers by whom', async () => {
    const { db } = current();
    await putApiToken(db, 'h1', token('a'));
    const revoked = token('a', { revokedAt: at(3), revokedBy: 'eve' });
    expect(await revokeApiToken(db, 'a', 'eve', at(3))).toEqual(revoked);
    expect(await revokeApiToken(db, 'a', 'ann', at(4))).toEqual(revoked);
    expect(await revokeApiToken(db, 'none', 'ann', at(4))).toBeUndefined();
  });

  it('lists tokens, the newest first, with their last use', async () => {
    const { db } = current();
    for (const n of [1, 2, 3]) await putApiToken(db, `h${n}`, token(`t${n}`, { createdAt: at(n) }));
    await noteApiTokenUse(db, 't2', at(9));
    const found = await allPages((page) => listApiTokens(db, page), 2);
    expect(found.map(({ id, usedAt }) => [id, usedAt])).toEqual([
      ['t3', undefined],
      ['t2', at(9)],
      ['t1', undefined],
    ]);
  });

  it('keeps sessions until they end', async () => {
    const { db } = current();
    await putApiSession(db, 'h1', session);
    await putApiSession(db, 'h2', { ...session, expiresAt: at(40) });
    await putApiSession(db, 'h3', session);
    await noteApiSessionUse(db, 'h2', at(5));
    expect(await findApiSession(db, 'h2')).toEqual({ ...session, seenAt: at(5), expiresAt: at(40) });
    await deleteApiSession(db, 'h3');
    expect(await findApiSession(db, 'h3')).toBeUndefined();
    await deleteEndedApiSessions(db, at(30));
    expect(await findApiSession(db, 'h1')).toBeUndefined();
    expect(await findApiSession(db, 'h2')).toBeDefined();
  });

  it.each(Object.entries(HOSTILE))('keeps a token of a hostile name: %s', async (_name, text) => {
    const { db } = current();
    await putApiToken(db, 'h', token('a', { name: text, person: text, createdBy: text }));
    expect(await findApiToken(db, { id: 'a' })).toMatchObject({ id: 'a' });
    expect(await findApiToken(db, { id: text })).toBeUndefined();
  });
}
