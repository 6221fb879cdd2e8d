import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { describeReal, startPostgres, testDatabase, type PostgresServer, type TestDatabase } from '@tocsin/testing';
import { sql } from 'kysely';
import { describeStore } from './conformance/store.conformance.js';
import { advancePosition, isTransient, migrate, openStore, putOutbox, readPosition, takeOutbox, type Store } from './index.js';

const START_MS = 60_000;

describeReal('postgres', 'real Postgres', () => {
  let databases: TestDatabase[] = [];
  const last = (): string => databases.at(-1)!.url;
  describeStore('store on Postgres', {
    open: async () => {
      databases.push(await testDatabase());
      return await openStore({ url: last(), poolSize: 5 });
    },
    again: () => openStore({ url: last(), poolSize: 5 }),
    drop: async () => {
      await Promise.all(databases.map((database) => database.drop()));
      databases = [];
    },
  });
});

describeReal('postgres-process', 'a Postgres that goes away', () => {
  let server: PostgresServer;
  let store: Store;
  beforeAll(async () => {
    server = await startPostgres({ settings: { max_connections: '12', superuser_reserved_connections: '2', reserved_connections: '0' } });
  }, START_MS);
  afterAll(() => server.close());
  beforeEach(async () => {
    store = await openStore({ url: (await server.createDatabase()).url, poolSize: 4 });
    await migrate(store);
  });
  afterEach(() => store.close());

  const failureOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );

  it(
    'is met again after a restart, through connections that were idle',
    async () => {
      await Promise.all([1, 2, 3].map(() => store.ping()));
      await server.restart();
      const failures = await Promise.all([1, 2, 3, 4].map(() => failureOf(readPosition(store.db, 'g', 't', 0))));
      expect(failures.every((failure) => failure === undefined || isTransient(failure))).toBe(true);
      await store.ping();
    },
    START_MS,
  );

  it(
    'leaves nothing of a transaction that it was killed in, and the next one works',
    async () => {
      const failure = await failureOf(
        store.transaction(async (tx) => {
          await advancePosition(tx, 'g', 't', 0, undefined, 1);
          await putOutbox(tx, 'o', [{ topic: 't', key: null, value: Buffer.from('x'), headers: {} }]);
          // The connection breaks while no query runs on it: nobody awaits it, and the process must live on.
          await server.kill();
          await server.start();
          await advancePosition(tx, 'g', 't', 0, 1, 2);
        }),
      );
      expect(isTransient(failure)).toBe(true);
      expect(await readPosition(store.db, 'g', 't', 0)).toBeUndefined();
      expect(await takeOutbox(store.db, 'o', 1)).toEqual([]);
      expect(await store.transaction((tx) => advancePosition(tx, 'g', 't', 0, undefined, 1))).toBe(true);
    },
    START_MS,
  );

  it(
    'keeps what was committed before it was killed',
    async () => {
      await store.transaction((tx) => advancePosition(tx, 'g', 't', 0, undefined, 7));
      await server.kill();
      const failure = await failureOf(readPosition(store.db, 'g', 't', 0));
      expect(isTransient(failure)).toBe(true);
      expect(await failureOf(store.ping())).toBeDefined();
      await server.start();
      expect(await readPosition(store.db, 'g', 't', 0)).toBe(7);
    },
    START_MS,
  );

  it(
    'says the reason of the work, not that the rollback failed too',
    async () => {
      const work = store.transaction(async (tx) => {
        await sql`select 1`.execute(tx);
        await server.restart();
        throw new Error('the reason');
      });
      await expect(work).rejects.toThrow('the reason');
      await store.ping();
    },
    START_MS,
  );

  it(
    'is transient when it has no connection left, or ends ours',
    async () => {
      const other = await openStore({ url: server.url, poolSize: 40 });
      const ended = await failureOf(sql`select pg_terminate_backend(pg_backend_pid())`.execute(store.db));
      expect(isTransient(ended)).toBe(true);
      const attempts = await Promise.all(Array.from({ length: 40 }, () => failureOf(sql`select pg_sleep(0.2)`.execute(other.db))));
      const refused = attempts.filter((failure) => failure !== undefined);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.every(isTransient)).toBe(true);
      await other.close();
    },
    START_MS,
  );

  it('is not transient when it refuses what was asked', async () => {
    const wrongDatabase = await openStore({ url: server.url.replace(/[^/]*$/, 'absent') });
    expect(isTransient(await failureOf(wrongDatabase.ping()))).toBe(false);
    expect(isTransient(await failureOf(sql`select * from absent`.execute(store.db)))).toBe(false);
    await wrongDatabase.close();
  });
});
