// What receivers refuse, and how operators put it back.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal, httpReceiver, type HttpReceiver } from '@tocsin/testing';
import type { Browser } from 'playwright-core';
import { reverseShell } from './scene.js';
import { PATIENCE_MS, openOperator, startBrowser, startProduct, type Product } from './stack.js';

describeReal('chromium', 'deliveries in the console', () => {
  let browser: Browser;
  let receiver: HttpReceiver;
  let product: Product;

  beforeAll(async () => {
    receiver = await httpReceiver();
    const policies = `apiVersion: tocsin.dev/v1
kind: Subscription
metadata: { name: on-call }
spec:
  events: incidents
  channel: { type: webhook, url: "${receiver.url}" }
`;
    [browser, product] = await Promise.all([startBrowser(), startProduct({ policies })]);
  }, 3 * PATIENCE_MS);
  afterAll(async () => {
    await browser.close();
    await product.close();
    await receiver.close();
  });

  it(
    'shows what was refused and why, and sends it again',
    async () => {
      receiver.behave(() => ({ status: 400 }));
      await reverseShell(product.url, 'refused', 'web-6d5f7c9b8d-x2lqp');
      const { page, context, complaints } = await openOperator(browser, product.url, { name: 'ann' });
      await page.goto('/subscriptions?state=dead');
      const refused = page.locator('.deliveries li', { hasText: 'on-call' }).first();
      await refused.getByText('Refused').waitFor();
      await page
        .locator('.subscription', { hasText: 'on-call' })
        .getByText(/Put back 1 dead letter/)
        .waitFor();
      expect(receiver.accepted).toHaveLength(0);

      receiver.behave(() => ({ status: 204 }));
      await refused.getByRole('button', { name: 'Send again' }).click();
      await receiver.until(() => receiver.accepted.length > 0);
      expect(receiver.accepted[0]?.body.toString()).toContain('Reverse shell (refused/web)');
      await page.getByRole('button', { name: 'Delivered', exact: true }).click();
      await page.locator('.deliveries li', { hasText: 'Delivered' }).first().waitFor();

      await page.goto('/');
      await page.locator('.list li', { hasText: 'Reverse shell (refused/web)' }).first().click();
      const told = page.locator('.told li', { hasText: 'on-call' });
      await told.first().getByText('Delivered').waitFor();
      await page.locator('.timeline li', { hasText: 'Told: on-call' }).first().waitFor();
      const before = receiver.accepted.length;
      await told.first().getByRole('button', { name: 'Send again' }).click();
      await receiver.until(() => receiver.accepted.length > before);
      expect(complaints).toEqual([]);
      await context.close();
    },
    3 * PATIENCE_MS,
  );

  it(
    'puts a dead letter back from its page',
    async () => {
      const before = receiver.accepted.length;
      receiver.behave(() => ({ status: 400 }));
      await reverseShell(product.url, 'letter', 'web-6d5f7c9b8d-x2lqp');
      const { page, context } = await openOperator(browser, product.url, { name: 'ann' });
      await page.goto('/dead-letters?stage=deliver');
      const letters = page.locator('.row-button', { hasText: 'on-call' });
      await letters.nth(1).or(letters.first()).first().waitFor();
      receiver.behave(() => ({ status: 204 }));
      await letters.first().click();
      await page.getByRole('button', { name: 'Put back' }).click();
      await page.locator('.toast.good').waitFor();
      await receiver.until(() => receiver.accepted.length > before);
      await context.close();
    },
    3 * PATIENCE_MS,
  );

  it(
    'sends a test event, and stops and serves a subscription with a reason',
    async () => {
      const before = receiver.accepted.length;
      const { page, context } = await openOperator(browser, product.url, { name: 'ann' });
      await page.goto('/subscriptions');
      const card = page.locator('.subscription', { hasText: 'on-call' });
      await card.getByRole('button', { name: 'Send a test' }).click();
      await receiver.until(() => receiver.accepted.length > before);
      await card.getByRole('button', { name: 'Stop…' }).click();
      await page.getByLabel('Why; it stays on record').fill('the receiver moves');
      await page.getByRole('button', { name: 'Stop it' }).click();
      await card.getByText('the receiver moves').waitFor();
      await card.getByRole('button', { name: 'Serve again…' }).click();
      await page.getByLabel('Why; it stays on record').fill('it is there');
      await page.getByRole('button', { name: 'Serve again', exact: true }).click();
      await card.getByText('Active').waitFor();
      await context.close();
    },
    3 * PATIENCE_MS,
  );
});
