import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal, startPostgres, testDatabase, type PostgresServer, type TestDatabase } from '@tocsin/testing';
import { describeStore } from './conformance/store.conformance.js';
import { isTransient, migrate, openStore, readPosition } from './index.js';

const START_MS = 60_000;

describeReal('postgres', 'real Postgres', () => {
  let database: TestDatabase;
  describeStore('store on Postgres', {
    open: async () => {
      database = await testDatabase();
      return await openStore({ url: database.url, poolSize: 5 });
    },
    again: () => openStore({ url: database.url }),
    drop: () => database.drop(),
  });
});

describeReal('postgres-process', 'a Postgres that goes away', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, START_MS);
  afterAll(() => server.close());

  describe('the store', () => {
    it('goes on after a restart of the server', async () => {
      const store = await openStore({ url: (await server.createDatabase()).url });
      await migrate(store);
      await server.restart();
      const failed = await readPosition(store.db, 'g', 't', 0).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failed === undefined || isTransient(failed)).toBe(true);
      expect(await readPosition(store.db, 'g', 't', 0)).toBeUndefined();
      await store.close();
    }, START_MS);
  });
});
