import { afterAll } from '@jest/globals';
import { openStore } from '@tocsin/store';
import { describeReal, testDatabase, type TestDatabase } from '@tocsin/testing';
import { runRetentionContract } from './contract.js';

describeReal('postgres', 'on real Postgres', () => {
  const databases: TestDatabase[] = [];
  afterAll(async () => void (await Promise.all(databases.map((database) => database.drop()))));
  runRetentionContract(async () => {
    const database = await testDatabase();
    databases.push(database);
    return openStore({ url: database.url, poolSize: 4 });
  });
});
