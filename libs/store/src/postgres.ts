import { PostgresDialect } from 'kysely';
import pg from 'pg';

const CONNECT_TIMEOUT_MS = 5_000;
/** No query of ours takes long; one that does holds locks that others wait for. */
const STATEMENT_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_DELAY_MS = 10_000;

export function postgresDialect(url: string, poolSize: number): PostgresDialect {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    // A process that hangs in the middle of a transaction must not fence its partition for ever.
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    application_name: 'tocsin',
    types: { getTypeParser },
  });
  // A connection that breaks between two queries has nobody to tell but the process, which would end. The next query
  // fails or takes another connection. The pool listens only for idle ones, so those in a transaction need it too.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return new PostgresDialect({ pool });
}

/** Counters and offsets stay far below 2^53, so they are numbers as everywhere else. */
const getTypeParser = ((oid: number, format?: 'text' | 'binary') => {
  if (oid === pg.types.builtins.INT8) return Number;
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text');
}) as typeof pg.types.getTypeParser;
