// The console in front of separate services, on a real Kafka and a real Postgres.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal, testDatabase, startKafka, type KafkaBroker, type TestDatabase } from '@tocsin/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { Service } from '../chaos/processes.js';
import { reverseShell } from './scene.js';
import { PATIENCE_MS, openOperator, startBrowser } from './stack.js';

describeReal(['chromium', 'kafka-process', 'postgres'], 'the console on Kafka and Postgres', () => {
  let browser: Browser;
  let kafka: KafkaBroker;
  let database: TestDatabase;
  let directory: string;
  let services: Service[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-console-'));
    [browser, kafka, database] = await Promise.all([startBrowser(), startKafka(), testDatabase()]);
    const env = {
      KAFKA_BROKERS: kafka.brokers,
      KAFKA_PARTITIONS: '2',
      DATABASE_URL: database.url,
      TOCSIN_POLICY_DIR: directory,
      TOCSIN_DATA_DIR: directory,
    };
    // One after another: the first makes the topics and the tables.
    for (const app of ['api', 'ingest', 'correlator'] as const) services.push(await Service.start(app, env));
  }, 6 * PATIENCE_MS);
  afterAll(async () => {
    await browser.close();
    await Promise.all(services.map((service) => service.stop()));
    services = [];
    await kafka.close();
    await database.drop();
    await rm(directory, { recursive: true, force: true });
  }, 3 * PATIENCE_MS);

  it(
    'shows what comes in at one service, and says to another what an operator does',
    async () => {
      const [api, ingest] = services as [Service, Service];
      const { page, context, complaints } = await openOperator(browser, api.url, { name: 'ann' });
      await page.goto('/');
      await page.getByText('Incidents appear here by themselves').waitFor();
      await page.getByText('Live', { exact: true }).waitFor();
      await reverseShell(ingest.url, 'shop', 'web-6d5f7c9b8d-x2lqp');
      await page.getByText('Reverse shell (shop/web)').click();
      await page.getByRole('button', { name: 'Acknowledge' }).click();
      await page.getByText('Acknowledged by ann').waitFor();
      await page.locator('.incident-marks', { hasText: 'Acknowledged' }).waitFor();
      expect(complaints).toEqual([]);
      await context.close();
    },
    3 * PATIENCE_MS,
  );
});
