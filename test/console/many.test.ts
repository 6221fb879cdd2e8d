// Ten thousand incidents in the list.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { migrate, openStore, upsertIncidents } from '@tocsin/store';
import { buildIncident, describeReal } from '@tocsin/testing';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { PATIENCE_MS, openOperator, startBrowser, startProduct, type Product } from './stack.js';

const INCIDENTS = 10_000;
const CHUNK = 500;
/** Rows in sight and those around them; a list that draws all it has would have thousands. */
const ROWS_MAX = 60;
const BEGIN = Date.parse('2026-09-14T00:00:00.000Z');

describeReal('chromium', 'ten thousand incidents', () => {
  let browser: Browser;
  let product: Product;

  beforeAll(async () => {
    // The product makes its database; the incidents come in while it is down.
    const first = await startProduct();
    await first.kill();
    const store = await openStore({ file: join(first.directory, 'data', 'state.db') });
    await migrate(store);
    for (let from = 0; from < INCIDENTS; from += CHUNK) {
      const incidents = Array.from({ length: CHUNK }, (_, n) => {
        const seen = new Date(BEGIN + (from + n) * 1_000).toISOString();
        return buildIncident({ id: randomUUID(), title: `Incident number ${from + n}`, first_seen: seen, last_seen: seen, updated_at: seen });
      });
      await upsertIncidents(
        store.db,
        incidents.map((incident) => ({ incident, home: 't/0', dueAt: null })),
      );
    }
    await store.close();
    [browser, product] = await Promise.all([startBrowser(), startProduct({ directory: first.directory })]);
  }, 4 * PATIENCE_MS);
  afterAll(async () => {
    await browser.close();
    await product.close();
  });

  it(
    'are scrolled to the last one with few rows drawn at a time',
    async () => {
      const { page, context, complaints } = await openOperator(browser, product.url);
      await page.goto('/');
      await page.getByText(`Incident number ${INCIDENTS - 1}`, { exact: true }).waitFor();
      const list = page.locator('.list');
      let most = 0;
      // Text, since it runs in the page, whose globals are not those of the tests.
      await page.evaluate(
        "globalThis.late = []; new PerformanceObserver((list) => late.push(...list.getEntries().map((one) => Math.round(one.duration)))).observe({ type: 'longtask' })",
      );
      const last = page.getByText('Incident number 0', { exact: true });
      for (const end = Date.now() + 3 * PATIENCE_MS; (await last.count()) === 0;) {
        if (Date.now() > end) throw new Error(`The end was not reached: ${await page.locator('.list-foot').innerText()}`);
        await list.evaluate((element) => void (element.scrollTop = element.scrollHeight));
        most = Math.max(most, await list.locator('li').count());
        await page.evaluate('new Promise((done) => requestAnimationFrame(done))');
      }
      await page.getByText(`${INCIDENTS.toLocaleString('en')} incidents`, { exact: true }).waitFor();
      expect(most).toBeLessThan(ROWS_MAX);
      const late = await page.evaluate<number[]>('late');
      // What was measured, for whoever reads the log; how busy the machine is decides nothing.
      process.stdout.write(
        `10,000 incidents: at most ${most} rows drawn, ${late.length} tasks above 50 ms, the longest of ${Math.max(0, ...late)} ms\n`,
      );
      await page.keyboard.press('j');
      await list.evaluate((element) => void (element.scrollTop = 0));
      await page.getByText(`Incident number ${INCIDENTS - 1}`, { exact: true }).waitFor();
      expect(complaints).toEqual([]);
      await context.close();
    },
    5 * PATIENCE_MS,
  );
});
