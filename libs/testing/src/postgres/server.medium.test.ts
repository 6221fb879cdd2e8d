import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { describeReal } from '../real.js';
import { type PostgresServer, startPostgres } from './server.js';
import { testDatabase } from './shared.js';

const START_MS = 60_000;

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describeReal('postgres-process', 'a Postgres server for tests', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, START_MS);
  afterAll(() => server.close());

  it('gives each who asks a database of its own', async () => {
    const [one, two] = await Promise.all([server.createDatabase(), server.createDatabase()]);
    await ask(one.url, 'create table only_here (x int)');
    await expect(ask(two.url, 'select * from only_here')).rejects.toMatchObject({ code: '42P01' });
  });

  it(
    'keeps its address and data through a restart and a kill',
    async () => {
      const { url } = await server.createDatabase();
      await ask(url, 'create table kept as select 7 as x');
      const before = server.pid;
      await server.restart();
      expect(server.pid).not.toBe(before);
      expect(await ask(url, 'select x from kept')).toEqual([{ x: 7 }]);
      await server.kill();
      expect(server.pid).toBeUndefined();
      await expect(ask(url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      await server.start();
      expect(await ask(url, 'select x from kept')).toEqual([{ x: 7 }]);
    },
    START_MS,
  );

  it('sorts text as people do, not by bytes, unless told otherwise', async () => {
    expect(await ask(server.url, "select 'a' < 'B' as people, 'a' < 'B' collate \"C\" as bytes")).toEqual([{ people: true, bytes: false }]);
  });
});

describeReal('postgres', 'the server that test files share', () => {
  it(
    'is one, also for those who ask at the same time',
    async () => {
      const [one, two] = await Promise.all([testDatabase(), testDatabase()]);
      expect(new URL(two.url).host).toBe(new URL(one.url).host);
      expect(two.url).not.toBe(one.url);
      await Promise.all([one.drop(), two.drop()]);
      await expect(ask(one.url, 'select 1')).rejects.toMatchObject({ code: '3D000' });
    },
    START_MS,
  );
});
