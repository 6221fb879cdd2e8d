import { auditRecords, migrate, openStore, takeOutbox, verifyAudit } from '@tocsin/store';
import { MemoryRecords } from '../testing/memory-records.js';
import { recordsSuite } from './records.conformance.js';
import { OUTBOX_OWNER, sqlRecords } from './sql-records.js';

recordsSuite('records in memory, as the model test has them', async () => {
  const memory = new MemoryRecords();
  return {
    of: (owner, claimMs) => memory.of(owner, claimMs),
    published: async () => memory.published.map(({ id, version }) => `${id}/${version}`),
    said: async () => memory.said.map(({ id }) => id),
    trail: async () => memory.trail.map(({ event }) => event),
    close: async () => undefined,
  };
});

recordsSuite('records in SQLite', async () => {
  const store = await openStore({ file: ':memory:' });
  await migrate(store);
  return {
    of: (owner, claimMs) => sqlRecords(store, owner, claimMs),
    published: async () => (await takeOutbox(store.db, OUTBOX_OWNER, 100)).map(({ headers }) => headers['ce_id'] ?? ''),
    said: async () => (await takeOutbox(store.db, OUTBOX_OWNER, 100)).map(({ headers }) => headers['ce_id'] ?? ''),
    async trail() {
      const verdict = await verifyAudit(store.db);
      if (!verdict.ok) throw new Error(verdict.why);
      return (await auditRecords(store.db, { limit: 100 })).map(({ event }) => event);
    },
    close: () => store.close(),
  };
});
