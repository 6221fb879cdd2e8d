import { randomUUID } from 'node:crypto';
import pg from 'pg';

const CONNECT_TIMEOUT_MS = 2_000;

/** A database that no other test uses. */
export interface TestDatabase {
  url: string;
  /** Removes it, whoever is still connected; needed only on a server that outlives the run. */
  drop(): Promise<void>;
}

export async function createDatabase(serverUrl: string): Promise<TestDatabase> {
  const name = `tocsin_test_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  await execute(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => execute(serverUrl, `drop database if exists ${name} with (force)`) };
}

/** True when the server takes a connection and answers a query. */
export async function postgresAnswers(url: string): Promise<boolean> {
  return await execute(url, 'select 1').then(
    () => true,
    () => false,
  );
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Breaks every connection to the server but the one that says so, as a failover does. */
export async function cutConnections(serverUrl: string): Promise<void> {
  await execute(
    serverUrl,
    "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'",
  );
}
