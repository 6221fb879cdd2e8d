import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getArtefact, migrate, openStore, type Store } from '@tocsin/store';
import { directoryBlobs } from './directory.js';
import { Evidence } from './evidence.js';
import type { Blobs } from './blobs.js';
const DAY = 86_400_000;
const NOW = Date.parse('2026-09-14T14:05:00.000Z');
describe('evidence', () => {
  let store: Store;
  let dir: string;
  let blobs: Blobs;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ev-'));
    store = await openStore({ file: ':memory:' });
    await migrate(store);
    blobs = directoryBlobs(dir);
  });
  afterEach(async () => {
    await store.close();
    await rm(dir, { recursive: true });
  });
  const one = { action: 'a', incident: undefined, name: 'x', mediaType: 'text/plain', bytes: Buffer.from('x'), source: {} };
  it('is kept when somebody puts it under hold while others are deleted', async () => {
    const early = new Evidence(store, blobs, DAY, () => NOW);
    const id = await early.keep(one);
    const second = await early.keep({ ...one, name: 'y' });
    // The hold comes after prune chose what to delete, while it deletes the first.
    let done = false;
    const slow: Blobs = {
      ...blobs,
      delete: async (key) => {
        if (!done) {
          done = true;
          await early.hold(key.startsWith(id) ? second : id, 'ann', 'case', true);
        }
        await blobs.delete(key);
      },
    };
    await new Evidence(store, slow, DAY, () => NOW + 2 * DAY).prune(10);
    const states = await Promise.all([id, second].map((i) => getArtefact(store.db, i)));
    expect(states.filter((a) => a?.legal_hold !== undefined && a.deleted_at === undefined)).toHaveLength(1);
  });
  it('that is gone from its place is found to be damaged', async () => {
    const e = new Evidence(store, blobs, DAY, () => NOW);
    const id = await e.keep(one);
    await rm(join(dir, id), { recursive: true });
    expect(await e.verify(id, 'ann')).toBe(false);
  });
});
