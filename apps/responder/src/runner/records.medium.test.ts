import { auditRecords, lockOutbox, migrate, openStore, verifyAudit } from '@tocsin/store';
import { describeReal, testDatabase } from '@tocsin/testing';
import { recordsSuite } from './records.conformance.js';
import { OUTBOX_OWNER, sqlRecords } from './sql-records.js';

describeReal('postgres', 'the responder on Postgres', () => {
  recordsSuite('records in Postgres', async () => {
    const database = await testDatabase();
    const store = await openStore({ url: database.url });
    await migrate(store);
    return {
      of: (owner, claimMs) => sqlRecords(store, owner, claimMs),
      published: () => store.transaction(async (tx) => (await lockOutbox(tx, OUTBOX_OWNER, 100)).map(({ headers }) => headers['ce_id'] ?? '')),
      said: () => store.transaction(async (tx) => (await lockOutbox(tx, OUTBOX_OWNER, 100)).map(({ headers }) => headers['ce_id'] ?? '')),
      async trail() {
        const verdict = await verifyAudit(store.db);
        if (!verdict.ok) throw new Error(verdict.why);
        return (await auditRecords(store.db, { limit: 100 })).map(({ event }) => event);
      },
      async close() {
        await store.close();
        await database.drop();
      },
    };
  });
});
