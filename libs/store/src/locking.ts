import { PostgresAdapter } from 'kysely';
import type { Queryable } from './store.js';

/** Whether the database has several writers and rows to lock against one another. SQLite has one writer at a time. */
export function locksRows(db: Queryable): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}
