import Database from 'better-sqlite3';
import { LogUnavailable } from '../errors.js';
import type { StoredRecord } from '../port.js';

/**
 * Rows are keyed by one integer, partition serial × 2^40 + offset, so that the table is its own index and appends go
 * to the end of each partition's range. 4,096 partitions fit below 2^53, and 2^40 records each.
 */
const SPAN = 2 ** 40;
export const MAX_PARTITION_SERIALS = 4096;

/** A batch ends here even when more records were asked for, so that large ones do not fill the memory. */
const READ_BYTES = 4 * 1024 * 1024;

export interface PartitionRow {
  serial: number;
  topic: string;
  partition: number;
  next: number;
}

export interface NewRow {
  serial: number;
  offset: number;
  key: string | null;
  value: Buffer;
  headers: string;
  timestamp: number;
}

interface RecordRow {
  id: number;
  key: string | null;
  value: Buffer;
  headers: string;
  timestamp: number;
}

/** The SQL of the embedded log; synchronous, since SQLite is. */
export class LogDatabase {
  readonly #db: Database.Database;
  readonly #insert: Database.Statement;
  readonly #setNext: Database.Statement;
  readonly #setCommitted: Database.Statement;
  readonly #read: Database.Statement;
  readonly #oldest: Database.Statement;
  readonly #deleteUpTo: Database.Statement;

  constructor(file: string) {
    this.#db = open(file);
    this.#insert = this.#db.prepare('insert into records (id, key, value, headers, timestamp) values (?, ?, ?, ?, ?)');
    this.#setNext = this.#db.prepare('update partitions set next = ? where serial = ?');
    this.#setCommitted = this.#db.prepare(
      'insert into committed (consumer_group, serial, next) values (?, ?, ?) on conflict (consumer_group, serial) do update set next = excluded.next',
    );
    this.#read = this.#db.prepare('select id, key, value, headers, timestamp from records where id >= ? and id < ? order by id limit ?');
    this.#oldest = this.#db.prepare('select id, timestamp from records where id >= ? and id < ? order by id limit 1 offset ?');
    this.#deleteUpTo = this.#db.prepare('delete from records where id >= ? and id <= ?');
  }

  topics(): { name: string; partitions: number; retentionMs: number }[] {
    return this.#db.prepare('select name, partitions, retention_ms as retentionMs from topics').all() as never;
  }

  createTopic(name: string, partitions: number, retentionMs: number): void {
    this.#db.transaction(() => {
      this.#db.prepare('insert into topics (name, partitions, retention_ms) values (?, ?, ?)').run(name, partitions, retentionMs);
      const add = this.#db.prepare('insert into partitions (topic, partition, next) values (?, ?, 0)');
      for (let partition = 0; partition < partitions; partition++) add.run(name, partition);
    })();
  }

  partitions(): PartitionRow[] {
    return this.#db.prepare('select serial, topic, partition, next from partitions').all() as PartitionRow[];
  }

  committed(): { group: string; serial: number; next: number }[] {
    return this.#db.prepare('select consumer_group as "group", serial, next from committed').all() as never;
  }

  /** One transaction, one fsync: all of it or nothing. */
  write(rows: readonly NewRow[], nexts: ReadonlyMap<number, number>, commits: Iterable<{ group: string; serial: number; next: number }>): void {
    this.#db.transaction(() => {
      for (const row of rows) this.#insert.run(row.serial * SPAN + row.offset, row.key, row.value, row.headers, row.timestamp);
      for (const [serial, next] of nexts) this.#setNext.run(next, serial);
      for (const commit of commits) this.#setCommitted.run(commit.group, commit.serial, commit.next);
    })();
  }

  read(serial: number, from: number, limit: number): StoredRecord[] {
    const records: StoredRecord[] = [];
    let bytes = 0;
    for (const row of this.#read.iterate(serial * SPAN + from, (serial + 1) * SPAN, limit) as Iterable<RecordRow>) {
      const headers = JSON.parse(row.headers) as Record<string, string>;
      records.push({ offset: row.id - serial * SPAN, key: row.key, value: row.value, headers, timestamp: row.timestamp });
      bytes += row.value.length;
      if (bytes >= READ_BYTES) break;
    }
    return records;
  }

  /** Offset of the oldest record; undefined when there is none. */
  start(serial: number): number | undefined {
    const row = this.#oldest.get(serial * SPAN, (serial + 1) * SPAN, 0) as { id: number } | undefined;
    return row === undefined ? undefined : row.id - serial * SPAN;
  }

  /** Deletes up to `limit` of the oldest records when they are all older than the cutoff; true when there may be more. */
  prune(serial: number, cutoff: number, limit: number): boolean {
    const low = serial * SPAN;
    const last = this.#oldest.get(low, low + SPAN, limit - 1) as { id: number; timestamp: number } | undefined;
    if (last !== undefined && last.timestamp < cutoff) {
      this.#deleteUpTo.run(low, last.id);
      return true;
    }
    this.#db.prepare('delete from records where id >= ? and id < ? and timestamp < ?').run(low, last?.id ?? low + SPAN, cutoff);
    return false;
  }

  close(): void {
    this.#db.close();
  }
}

function open(file: string): Database.Database {
  try {
    const db = new Database(file, { timeout: 0 });
    // One process owns the log: the lock is the operating system's, so that a crash leaves none behind.
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('cache_size = -32000');
    db.exec(`
      create table if not exists topics (name text primary key, partitions integer not null, retention_ms integer not null);
      create table if not exists partitions (serial integer primary key, topic text not null, partition integer not null, next integer not null, unique (topic, partition));
      create table if not exists records (id integer primary key, key text, value blob not null, headers text not null, timestamp integer not null);
      create table if not exists committed (consumer_group text not null, serial integer not null, next integer not null, primary key (consumer_group, serial)) without rowid;
    `);
    return db;
  } catch (cause) {
    const busy = (cause as { code?: string }).code?.startsWith('SQLITE_BUSY') === true;
    const why = busy ? 'another process has it open; stop that process, or set TOCSIN_DATA_DIR to another directory' : (cause as Error).message;
    throw new LogUnavailable(`The embedded log ${file} cannot be opened: ${why}.`, { cause });
  }
}
