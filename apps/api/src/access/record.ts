import { appendAudit, lockControl, type Store } from '@tocsin/store';

/** Puts on record that somebody asked for a write, before it is done. */
export async function record(
  event: { actor: string; operationId: string; subject: string },
  { store, now }: { store: Store; now(): number },
): Promise<void> {
  const { actor, operationId, subject } = event;
  await store.transaction(async (tx) => {
    await lockControl(tx);
    await appendAudit(tx, [{ time: new Date(now()).toISOString(), actor, event: `api.${operationId}`, subject, detail: {} }]);
  });
}
