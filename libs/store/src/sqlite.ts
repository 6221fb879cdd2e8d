import Sqlite from 'better-sqlite3';
import { SqliteDialect } from 'kysely';

/** How long another process (a command-line tool) may hold the file before a query fails as busy. */
const BUSY_TIMEOUT_MS = 5_000;
const CACHE_KIB = 32_000;

/** One connection; Kysely hands it to one query or transaction at a time. */
export function sqliteDialect(file: string): SqliteDialect {
  const database = open(file);
  database.pragma('journal_mode = WAL');
  // A commit resolves when it is on the disk, not merely with the operating system.
  database.pragma('synchronous = FULL');
  database.pragma(`cache_size = -${CACHE_KIB}`);
  return new SqliteDialect({ database: { prepare: preparing(database), close: () => void database.close() } });
}

/** Lists of values of many lengths make many statements; those that come again come soon. */
const STATEMENTS_MAX = 500;

/** Keeps statements: to prepare one takes longer than to run it. */
function preparing(database: Sqlite.Database): (sql: string) => Sqlite.Statement {
  const prepared = new Map<string, Sqlite.Statement>();
  return (sql) => {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    const statement = database.prepare(sql);
    if (prepared.size >= STATEMENTS_MAX) prepared.clear();
    prepared.set(sql, statement);
    return statement;
  };
}

function open(file: string): Sqlite.Database {
  try {
    return new Sqlite(file, { timeout: BUSY_TIMEOUT_MS });
  } catch (cause) {
    throw new Error(`The database file ${file} cannot be opened: ${(cause as Error).message}.`, { cause });
  }
}
