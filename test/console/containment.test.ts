// Containment from the console, on a real API server of Kubernetes.
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { describeReal, sharedApiServer, type KubeAdmin } from '@tocsin/testing';
import type { Browser, Page } from 'playwright-core';
import { reverseShell, startScene, type Scene } from './scene.js';
import { PATIENCE_MS, openOperator, startBrowser, type Operator } from './stack.js';

describeReal(['chromium', 'kubernetes'], 'containment from the console', () => {
  let browser: Browser;
  let admin: KubeAdmin;
  let scene: Scene;
  const operators: Operator[] = [];

  beforeAll(async () => {
    [browser, admin] = await Promise.all([startBrowser(), sharedApiServer()]);
    scene = await startScene(admin);
  }, 400_000);
  afterEach(async () => {
    for (const { context } of operators.splice(0)) await context.close();
  });
  afterAll(async () => {
    await browser.close();
    await scene.close();
  });

  const open = async (path: string, name: string): Promise<Page> => {
    const operator = await openOperator(browser, scene.url, { name });
    operators.push(operator);
    await operator.page.goto(path);
    return operator.page;
  };
  const mark = async (pod: string): Promise<string | undefined> =>
    (await admin.get(`/api/v1/namespaces/${scene.namespace}/pods/${pod}`)).metadata.labels?.['tocsin.dev/quarantine'];

  it(
    'shows the exact plan before the button, approves it, shows it in force, extends and reverts it',
    async () => {
      await reverseShell(scene.url, scene.namespace, 'storefront-0');
      const page = await open('/approvals', 'ann');
      const card = page.locator('.action', { hasText: 'storefront-0' });
      await card.getByText('1 of 3 replicas of Deployment storefront').waitFor();
      await card.getByText('Cut off completely').waitFor();
      const [plan, button] = await Promise.all([
        card.locator('.plan').boundingBox(),
        card.getByRole('button', { name: 'Approve this plan…' }).boundingBox(),
      ]);
      expect((plan?.y ?? Infinity) + (plan?.height ?? 0)).toBeLessThanOrEqual(button?.y ?? 0);
      expect(await mark('storefront-0')).toBeUndefined();

      const asked = page.waitForRequest((request) => request.url().endsWith('/approve'));
      await card.getByRole('button', { name: 'Approve this plan…' }).click();
      await page.getByRole('button', { name: 'Approve', exact: true }).click();
      expect((await asked).postDataJSON()).toMatchObject({ plan_hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
      await card.waitFor({ state: 'detached' });

      await page.getByRole('link', { name: 'Actions' }).click();
      const held = page.locator('.action', { hasText: 'storefront-0' });
      await held.getByText(/3 h 5\d m left/).waitFor();
      expect(await mark('storefront-0')).toMatch(/^q-/);
      await held.getByRole('button', { name: 'Extend…' }).click();
      await page.getByRole('button', { name: 'Extend', exact: true }).click();
      await held.getByText(/4 h 5\d m left/).waitFor();

      await held.getByRole('button', { name: 'Revert…' }).click();
      await page.getByRole('button', { name: 'Revert now', exact: true }).click();
      await held.waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Reverted' }).click();
      await page.getByText('The pod has its network back.').waitFor();
      expect(await mark('storefront-0')).toBeUndefined();
    },
    4 * PATIENCE_MS,
  );

  it(
    'does nothing that is rejected, and tells the other operator',
    async () => {
      await reverseShell(scene.url, scene.namespace, 'billing-1');
      const [ann, bob] = [await open('/approvals', 'ann'), await open('/approvals', 'bob')];
      await bob.locator('.action', { hasText: 'billing-1' }).waitFor();
      await ann.locator('.action', { hasText: 'billing-1' }).getByRole('button', { name: 'Reject…' }).click();
      await ann.getByLabel('Comment').fill('it is our own test');
      await ann.getByRole('button', { name: 'Reject', exact: true }).click();
      await bob.locator('.action', { hasText: 'billing-1' }).waitFor({ state: 'detached' });
      expect(await mark('billing-1')).toBeUndefined();
    },
    3 * PATIENCE_MS,
  );
});
