import Sqlite from 'better-sqlite3';
import { Migrator } from 'kysely/migration';
import { Kysely, PostgresDialect, SqliteDialect, sql, type Transaction } from 'kysely';
import pg from 'pg';
import { migrations } from './migrations.js';
import type { Database } from './schema.js';

export type Dialect = 'postgres' | 'sqlite';

/** Queries take either: alone, or as part of a transaction. */
export type Queryable = Kysely<Database> | Transaction<Database>;

export interface Store {
  readonly db: Kysely<Database>;
  readonly dialect: Dialect;
  /** All of it or nothing; durable when it resolves. On SQLite other queries wait meanwhile. */
  transaction<T>(work: (tx: Transaction<Database>) => Promise<T>): Promise<T>;
  ping(): Promise<void>;
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

export async function openStore(options: StoreOptions): Promise<Store> {
  return 'url' in options ? openPostgres(options.url, options.poolSize ?? 10) : openSqlite(options.file);
}

function openPostgres(url: string, poolSize: number): Store {
  const types = {
    // Counters and offsets stay far below 2^53, so they are numbers as everywhere else.
    getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
      if (oid === pg.types.builtins.INT8) return Number;
      return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text');
    }) as typeof pg.types.getTypeParser,
  };
  const pool = new pg.Pool({ connectionString: url, max: poolSize, connectionTimeoutMillis: 5_000, keepAlive: true, types, application_name: 'tocsin' });
  // A server that goes away while a connection is idle must not end the process; the next query finds out.
  pool.on('error', () => undefined);
  return createStore(new Kysely<Database>({ dialect: new PostgresDialect({ pool }) }), 'postgres');
}

function openSqlite(file: string): Store {
  const database = new Sqlite(file);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma('cache_size = -32000');
  return createStore(new Kysely<Database>({ dialect: new SqliteDialect({ database }) }), 'sqlite');
}

function createStore(db: Kysely<Database>, dialect: Dialect): Store {
  return {
    db,
    dialect,
    transaction: (work) => db.transaction().execute(work),
    ping: async () => {
      await sql`select 1`.execute(db);
    },
    close: () => db.destroy(),
  };
}

/** Brings the schema up to date. Several replicas may do it at once: Kysely's migrator holds a lock meanwhile. */
export async function migrate(store: Store): Promise<void> {
  const migrator = new Migrator({ db: store.db, provider: { getMigrations: async () => migrations(store.dialect) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw new Error('The database could not be migrated.', { cause: error });
}
