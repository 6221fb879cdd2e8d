import { oncePerRun } from '../once-per-run.js';
import { createDatabase, postgresAnswers, type TestDatabase } from './database.js';
import { startPostgres } from './server.js';

/**
 * A fresh database on the server of this test run, or on the one that DATABASE_URL names. Tests MUST NOT stop that
 * server; those that want to, start their own by `startPostgres`.
 */
export async function testDatabase(): Promise<TestDatabase> {
  return await createDatabase(process.env['DATABASE_URL'] || (await sharedServer()));
}

function sharedServer(): Promise<string> {
  return oncePerRun({
    name: 'postgres',
    answers: postgresAnswers,
    start: async (directory) => (await startPostgres({ removeWithServer: directory })).url,
  });
}
