import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal, startPostgres, type PostgresServer } from '@tocsin/testing';
import { describeStore } from './conformance/store.conformance.js';
import { isTransient, migrate, openStore, readPosition } from './index.js';

describeReal('postgres', 'real Postgres', () => {
  let server: PostgresServer;
  let url: string;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server.stop());

  describeStore('store on Postgres', {
    open: async () => openStore({ url: (url = await server.createDatabase()), poolSize: 5 }),
    again: () => openStore({ url }),
  });

  it('goes on after a restart of the server', async () => {
    const store = await openStore({ url: await server.createDatabase() });
    await migrate(store);
    await server.restart?.();
    const failed = await readPosition(store.db, 'g', 't', 0).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failed === undefined || isTransient(failed)).toBe(true);
    expect(await readPosition(store.db, 'g', 't', 0)).toBeUndefined();
    await store.close();
  }, 30_000);
});
