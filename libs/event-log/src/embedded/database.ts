import Database from 'better-sqlite3';
import { LogUnavailable } from '../errors.js';
import type { LogRecord, StoredRecord } from '../port.js';

/**
 * A record's row id is its partition's serial × 2^40 + its offset, so that the table is its own index and an append
 * goes to the end of the partition's range (measured with 1 KB records: the file is 1.1 times what the rows hold).
 * 4,096 partitions fit below 2^53, where numbers stay exact, with 2^40 records each.
 */
const SPAN = 2 ** 40;
const MAX_SERIAL = 4096;

/** A batch ends here even when more records were asked for, so that large ones do not fill the memory. */
const READ_BYTES = 4 * 1024 * 1024;

/** SQLite keeps the journal file at its largest size; above this it is cut at the next checkpoint. */
const JOURNAL_BYTES = 16 * 1024 * 1024;

/** What `probe` asks for: as much as one transaction of appends may need. */
const PROBE_BYTES = 1024 * 1024;

// The value comes last: what stands before it is read without following its overflow pages.
const SCHEMA = `
  create table if not exists topics (name text primary key, retention_ms integer not null) without rowid;
  create table if not exists partitions (
    serial integer primary key, topic text not null, partition integer not null, next integer not null,
    unique (topic, partition));
  create table if not exists records (
    id integer primary key, timestamp integer not null, key text, headers text not null, value blob not null);
  create table if not exists committed (
    consumer_group text not null, serial integer not null, next integer not null,
    primary key (consumer_group, serial)) without rowid;
`;

export interface TopicRow {
  name: string;
  retentionMs: number;
}

export interface PartitionRow {
  serial: number;
  topic: string;
  partition: number;
  /** The offset that the next record gets: kept apart from the records, since retention may delete all of them. */
  next: number;
}

export interface NewRecord {
  serial: number;
  offset: number;
  timestamp: number;
  record: LogRecord;
}

export interface CommitRow {
  group: string;
  serial: number;
  next: number;
}

interface RecordRow {
  id: number;
  timestamp: number;
  key: string | null;
  headers: string;
  value: Buffer;
}

/** The SQL of the embedded log. Synchronous, as SQLite is: callers bound what they ask for in one turn. */
export class LogDatabase {
  readonly #db: Database.Database;
  readonly #insert;
  readonly #setNext;
  readonly #setCommitted;
  readonly #read;
  readonly #nth;
  readonly #deleteBelow;

  constructor(file: string, maxBytes?: number) {
    const db = open(file, maxBytes);
    this.#db = db;
    this.#insert = db.prepare<[number, number, string | null, string, Buffer]>(
      'insert into records (id, timestamp, key, headers, value) values (?, ?, ?, ?, ?)',
    );
    this.#setNext = db.prepare<[number, number]>('update partitions set next = ? where serial = ?');
    this.#setCommitted = db.prepare<[string, number, number]>('replace into committed (consumer_group, serial, next) values (?, ?, ?)');
    this.#read = db.prepare<[number, number, number], RecordRow>(
      'select id, timestamp, key, headers, value from records where id >= ? and id < ? order by id limit ?',
    );
    this.#nth = db.prepare<[number, number, number], { id: number; timestamp: number }>(
      'select id, timestamp from records where id >= ? and id < ? order by id limit 1 offset ?',
    );
    this.#deleteBelow = db.prepare<[number, number]>('delete from records where id >= ? and id < ?');
  }

  topics(): TopicRow[] {
    return this.#db.prepare<[], TopicRow>('select name, retention_ms as retentionMs from topics').all();
  }

  partitions(): PartitionRow[] {
    return this.#db.prepare<[], PartitionRow>('select serial, topic, partition, next from partitions order by topic, partition').all();
  }

  committed(): CommitRow[] {
    return this.#db.prepare<[], CommitRow>('select consumer_group as "group", serial, next from committed').all();
  }

  createTopic(name: string, partitions: number, retentionMs: number): PartitionRow[] {
    return this.#db.transaction(() => {
      this.setRetention(name, retentionMs);
      const add = this.#db.prepare<[string, number]>('insert into partitions (topic, partition, next) values (?, ?, 0)');
      return Array.from({ length: partitions }, (_, partition): PartitionRow => {
        const serial = Number(add.run(name, partition).lastInsertRowid);
        if (serial > MAX_SERIAL) throw new RangeError(`The embedded log holds at most ${MAX_SERIAL} partitions in all.`);
        return { serial, topic: name, partition, next: 0 };
      });
    })();
  }

  setRetention(topic: string, retentionMs: number): void {
    this.#db.prepare<[string, number]>('replace into topics (name, retention_ms) values (?, ?)').run(topic, retentionMs);
  }

  /** One transaction with one fsync: when it returns, all of it is on disk; when it throws, none of it is in the log. */
  write(records: readonly NewRecord[], nexts: Iterable<readonly [serial: number, next: number]>, commits: Iterable<CommitRow>): void {
    this.#db.transaction(() => {
      for (const { serial, offset, timestamp, record } of records) {
        this.#insert.run(serial * SPAN + offset, timestamp, record.key, JSON.stringify(record.headers), record.value);
      }
      for (const [serial, next] of nexts) this.#setNext.run(next, serial);
      for (const { group, serial, next } of commits) this.#setCommitted.run(group, serial, next);
    })();
  }

  read(serial: number, from: number, limit: number): StoredRecord[] {
    const low = serial * SPAN;
    const records: StoredRecord[] = [];
    let bytes = 0;
    for (const { id, timestamp, key, headers, value } of this.#read.iterate(low + from, low + SPAN, limit)) {
      records.push({ offset: id - low, timestamp, key, headers: JSON.parse(headers) as Record<string, string>, value });
      bytes += value.length;
      if (bytes >= READ_BYTES) break;
    }
    return records;
  }

  /** Offset of the oldest record; undefined when there is none. */
  oldest(serial: number): number | undefined {
    const low = serial * SPAN;
    const row = this.#nth.get(low, low + SPAN, 0);
    return row === undefined ? undefined : row.id - low;
  }

  /** Deletes the oldest records up to the first that is younger than the cutoff, at most `limit`; returns how many. */
  deleteOlder(serial: number, cutoff: number, limit: number): number {
    const low = serial * SPAN;
    if ((this.#nth.get(low, low + SPAN, 0)?.timestamp ?? cutoff) >= cutoff) return 0;
    // Ages rise with the offsets, unless the clock was set back: then a record stays a little longer.
    let [old, young] = [0, limit];
    while (young - old > 1) {
      const middle = (old + young) >>> 1;
      if ((this.#nth.get(low, low + SPAN, middle)?.timestamp ?? cutoff) < cutoff) old = middle;
      else young = middle;
    }
    const last = this.#nth.get(low, low + SPAN, old);
    return last === undefined ? 0 : this.#deleteBelow.run(low, last.id + 1).changes;
  }

  /** Throws when the log has no room for a record, or the disk does not take a write. */
  probe(): void {
    const rollBack = new Error('Only room was asked for.');
    try {
      this.#db.transaction(() => {
        this.#insert.run(0, 0, null, '{}', Buffer.alloc(PROBE_BYTES));
        throw rollBack;
      })();
    } catch (error) {
      if (error !== rollBack) throw error;
    }
    this.#db.exec('update partitions set next = next where serial = (select min(serial) from partitions)');
  }

  close(): void {
    this.#db.close();
  }
}

function open(file: string, maxBytes: number | undefined): Database.Database {
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { timeout: 0 });
    // One process owns the log. The lock is the operating system's, so that a crash leaves none behind.
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('cache_size = -32000');
    db.pragma(`journal_size_limit = ${JOURNAL_BYTES}`);
    if (maxBytes !== undefined) {
      const pageSize = db.pragma('page_size', { simple: true }) as number;
      db.pragma(`max_page_count = ${Math.ceil(maxBytes / pageSize)}`);
    }
    db.exec(SCHEMA);
    return db;
  } catch (cause) {
    db?.close();
    throw new LogUnavailable(`The embedded log ${file} cannot be opened: ${whyNot(cause)}.`, { cause });
  }
}

function whyNot(cause: unknown): string {
  const { code, message } = sqliteError(cause);
  if (code.startsWith('SQLITE_BUSY')) {
    return 'another process has it open; stop that process, or set TOCSIN_DATA_DIR to another directory';
  }
  return message;
}

/**
 * Looks at the fields, not at the class: SQLite's addon is loaded once per process, and where modules are loaded
 * several times, as test runners do, it throws the class of the first.
 */
export function sqliteError(cause: unknown): { code: string; message: string } {
  const { code, message } = (typeof cause === 'object' && cause !== null ? cause : {}) as { code?: unknown; message?: unknown };
  return { code: typeof code === 'string' ? code : '', message: typeof message === 'string' ? message : String(cause) };
}
