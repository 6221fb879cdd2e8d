import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describeStore } from './conformance/store.conformance.js';
import { advancePosition, isTransient, migrate, openStore, readPosition } from './index.js';

describeStore('store on SQLite', { open: () => openStore({ file: ':memory:' }) });

describe('an SQLite file', () => {
  let directory: string;
  let file: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-store-'));
    file = join(directory, 'state.db');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('commits to the disk: write-ahead log, and a sync with every transaction', async () => {
    const store = await openStore({ file });
    const journal = await sql<{ journal_mode: string }>`pragma journal_mode`.execute(store.db);
    const sync = await sql<{ synchronous: number }>`pragma synchronous`.execute(store.db);
    expect(journal.rows[0]?.journal_mode).toBe('wal');
    expect(sync.rows[0]?.synchronous).toBe(2);
    await store.close();
  });

  it('holds what was written when it is opened again', async () => {
    const before = await openStore({ file });
    await migrate(before);
    await advancePosition(before.db, 'g', 't', 0, undefined, 42);
    await before.close();
    const after = await openStore({ file });
    await migrate(after);
    expect(await readPosition(after.db, 'g', 't', 0)).toBe(42);
    await after.close();
  });

  it('says which file cannot be opened', async () => {
    await expect(openStore({ file: join(directory, 'absent', 'state.db') })).rejects.toThrow(/absent\/state\.db cannot be opened/);
  });

  it('answers a ping, but not while a transaction holds the connection', async () => {
    const store = await openStore({ file });
    await store.ping();
    await store.transaction(async () => {
      const late = await store.ping(10).catch((error: unknown) => error);
      expect(late).toMatchObject({ name: 'StoreTimeout' });
      expect(isTransient(late)).toBe(true);
    });
    await store.ping();
    await store.close();
  });
});
