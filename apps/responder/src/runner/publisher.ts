import type { EventLog, LogRecord } from '@tocsin/event-log';
import { deleteOutbox, lockOutbox, takeOutbox, type Store } from '@tocsin/store';
import { OUTBOX_OWNER } from './sql-records.js';

/** Records in one append. */
const STEP = 500;

/**
 * Brings what is in the outbox to the log, in order. Of several replicas one at a time does, and the others wait for it. A crash between append and delete appends again, with the same ids and versions.
 */
export async function publishOutbox(store: Store, log: EventLog): Promise<number> {
  const { dialect, db } = store;
  // SQLite has one connection, which must not wait for the log; and one process, which calls this one at a time.
  if (dialect === 'sqlite')
    return move(
      log,
      () => takeOutbox(db, OUTBOX_OWNER, STEP),
      (ids) => deleteOutbox(db, ids),
    );
  return store.transaction((tx) =>
    move(
      log,
      () => lockOutbox(tx, OUTBOX_OWNER, STEP),
      (ids) => deleteOutbox(tx, ids),
    ),
  );
}

async function move(log: EventLog, take: () => ReturnType<typeof takeOutbox>, drop: (ids: number[]) => Promise<void>): Promise<number> {
  const waiting = await take();
  if (waiting.length === 0) return 0;
  for (const [topic, records] of Map.groupBy(waiting, ({ topic: of }) => of)) {
    await log.append(
      topic,
      records.map(({ key, value, headers }): LogRecord => ({ key, value, headers })),
    );
  }
  await drop(waiting.map(({ id }) => id));
  return waiting.length;
}
