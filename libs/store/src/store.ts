import { Kysely, sql, type Dialect as KyselyDialect, type Transaction } from 'kysely';
import { StoreTimeout } from './errors.js';
import { postgresDialect } from './postgres.js';
import type { Database } from './schema.js';
import { sqliteDialect } from './sqlite.js';

export type Dialect = 'postgres' | 'sqlite';

/** Queries take either: alone, or as part of a transaction. */
export type Queryable = Kysely<Database> | Transaction<Database>;

export interface Store {
  readonly db: Kysely<Database>;
  readonly dialect: Dialect;
  /**
   * All of it or nothing; durable when it resolves. `work` MUST use `tx` alone: on SQLite there is one connection,
   * and `db` would wait for the end of the very transaction that waits for it.
   */
  transaction<T>(work: (tx: Transaction<Database>) => Promise<T>): Promise<T>;
  /** Resolves when the database answers; rejects with `StoreTimeout` when it does not in time (default 2 s). */
  ping(timeoutMs?: number): Promise<void>;
  /** Waits for queries in progress. */
  close(): Promise<void>;
}

export type StoreOptions =
  | {
      /** `postgres://…` */
      url: string;
      /** Connections of this process. Default 10. */
      poolSize?: number;
    }
  | {
      /** Path of the SQLite file, or `:memory:`. */
      file: string;
    };

const DEFAULT_POOL_SIZE = 10;
const PING_TIMEOUT_MS = 2_000;

/** Connects with the first query, so that a Postgres that is away shows there, as a transient error. */
export async function openStore(options: StoreOptions): Promise<Store> {
  if ('url' in options) return createStore('postgres', postgresDialect(options.url, options.poolSize ?? DEFAULT_POOL_SIZE));
  return createStore('sqlite', sqliteDialect(options.file));
}

function createStore(dialect: Dialect, kyselyDialect: KyselyDialect): Store {
  const db = new Kysely<Database>({ dialect: kyselyDialect });
  return {
    db,
    dialect,
    transaction: (work) => transaction(db, work),
    ping: (timeoutMs = PING_TIMEOUT_MS) => within(timeoutMs, sql`select 1`.execute(db)),
    close: () => db.destroy(),
  };
}

/** Rejects with what `work` threw, also when the connection was lost and the rollback fails too. */
async function transaction<T>(db: Kysely<Database>, work: (tx: Transaction<Database>) => Promise<T>): Promise<T> {
  let failure: { error: unknown } | undefined;
  try {
    return await db.transaction().execute(async (tx) => {
      try {
        return await work(tx);
      } catch (error) {
        failure = { error };
        throw error;
      }
    });
  } catch (error) {
    throw failure === undefined ? error : failure.error;
  }
}

async function within(timeoutMs: number, query: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreTimeout(`The database did not answer within ${timeoutMs} ms.`)), timeoutMs);
  });
  try {
    await Promise.race([query, late]);
  } finally {
    clearTimeout(timer);
  }
}
