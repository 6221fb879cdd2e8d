// The pictures of the console in docs/images: `node scripts/console-screenshots.ts` plays the bundled attack on the built product, with a
// real API server behind it, and takes each page in light, dark and on a phone. Needs a build, Chromium, and what an API server needs.
import { join } from 'node:path';
import { httpReceiver, startApiServer } from '@tocsin/testing';
import type { Page } from 'playwright-core';
import { actionIn, reverseShell, startScene } from '../test/console/scene.ts';
import { openOperator, startBrowser, type OperatorOptions } from '../test/console/stack.ts';

const IMAGES = join(import.meta.dirname, '..', 'docs', 'images');
const LOOKS: readonly (readonly [string, OperatorOptions])[] = [
  ['light', { name: 'ann' }],
  ['dark', { name: 'ann', theme: 'dark' }],
  ['phone', { name: 'ann', phone: true }],
];

const server = await startApiServer();
const browser = await startBrowser();
const [siem, onCall] = [await httpReceiver(), await httpReceiver()];
onCall.behave((_request, number) => ({ status: number < 6 ? 204 : 400 }));
const subscriptions = Object.entries({ siem, 'on-call': onCall }).map(
  ([name, { url }]) => `---
apiVersion: tocsin.dev/v1
kind: Subscription
metadata: { name: ${name} }
spec: { events: incidents, channel: { type: webhook, url: "${url}" } }
`,
);
const scene = await startScene(server.admin, { demo: true, policies: subscriptions.join('') });
try {
  for (const pod of ['storefront-0', 'billing-1']) await reverseShell(scene.url, scene.namespace, pod);
  const { id, plan_hash } = await actionIn(scene.url, 'awaiting_approval');
  await send(`/v1/actions/${id}/approve`, { plan_hash });
  await actionIn(scene.url, 'active');
  await actionIn(scene.url, 'awaiting_approval');
  await send('/v1/silences', { filter: 'incident.rule.name == "port-scan"', comment: 'Scanner of the platform team', ends_at: in2h() });
  await fetch(`${scene.url}/v1/sources/falco`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"rule":"half an alert"' });
  const { items } = (await (await fetch(`${scene.url}/v1/incidents?severity=critical&muted=false`)).json()) as {
    items: { id: string; count: number }[];
  };
  const worst = items.toSorted((a, b) => b.count - a.count)[0];
  if (worst === undefined) throw new Error('The attack made no critical incident.');
  await send(`/v1/incidents/${worst.id}/acknowledge`, { comment: 'on it' });
  const pages = [
    ['incidents', '/', '.list li'],
    ['incident', `/incidents/${worst.id}`, '.timeline li'],
    ['approvals', '/approvals', '.plan'],
    ['actions', '/actions', '.action'],
    ['subscriptions', '/subscriptions', '.deliveries li'],
    ['silences', '/silences', '.rows li'],
    ['dead-letters', '/dead-letters', 'h1'],
    ['policies', '/policies', '.rows li'],
  ] as const;
  for (const [look, options] of LOOKS) {
    const { page, context } = await openOperator(browser, scene.url, options);
    for (const [name, path, ready] of pages) await shoot(page, path, ready, `${name}-${look}`);
    await context.close();
  }
} finally {
  await browser.close();
  await scene.close();
  await server.close();
  await siem.close();
  await onCall.close();
}

async function shoot(page: Page, path: string, ready: string, name: string): Promise<void> {
  await page.goto(path);
  await page.locator(ready).first().waitFor();
  await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
  await page.screenshot({ path: join(IMAGES, `${name}.png`), animations: 'disabled', caret: 'hide' });
  process.stdout.write(`docs/images/${name}.png\n`);
}

async function send(path: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json', 'x-tocsin-actor': 'ann' };
  const response = await fetch(`${scene.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`POST ${path} was answered ${response.status}: ${await response.text()}`);
}

function in2h(): string {
  return new Date(Date.now() + 2 * 3_600_000).toISOString();
}
