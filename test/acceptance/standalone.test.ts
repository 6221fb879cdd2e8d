// The first ten minutes, as the README tells them, on the built product.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Incident } from '@tocsin/domain';
import { httpReceiver, type HttpReceiver } from '@tocsin/testing';

const MAIN = fileURLToPath(new URL('../../apps/standalone/dist/main.js', import.meta.url));
const SHELL = {
  rule: 'Terminal shell in container',
  priority: 'Notice',
  output: 'A shell was spawned in a container',
  time: '2026-09-14T14:02:11.123456789Z',
  output_fields: { 'k8s.ns.name': 'shop', 'k8s.pod.name': 'web-6d5f7c9b8d-x2lqp', 'proc.name': 'bash' },
};

interface Running {
  url: string;
  output(): string;
  child: ChildProcess;
  ended: Promise<number | null>;
}

describe('standalone', () => {
  let directory: string;
  let receiver: HttpReceiver;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-acceptance-'));
    await mkdir(join(directory, 'policies'));
    receiver = await httpReceiver();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await receiver.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** Resolves when it says where it listens, or has ended. */
  async function start(...args: string[]): Promise<Running> {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: directory,
      env: { ...process.env, NODE_OPTIONS: '', PORT: '0', LOG_LEVEL: 'warn' },
    });
    children.push(child);
    let output = '';
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const url = await new Promise<string>((resolve) => {
      const read = (chunk: Buffer): void => {
        output += chunk.toString();
        const found = /listens on (http:\S+),/.exec(output);
        if (found?.[1] !== undefined) resolve(found[1]);
      };
      child.stdout?.on('data', read);
      child.stderr?.on('data', read);
      void ended.then(() => resolve(''));
    });
    return { url, output: () => output, child, ended };
  }

  const subscription = (): Promise<void> =>
    writeFile(
      join(directory, 'policies', 'on-call.yaml'),
      `apiVersion: tocsin.dev/v1\nkind: Subscription\nmetadata: { name: on-call }\nspec:\n  events: incidents\n  channel: { type: webhook, url: "${receiver.url}" }\n`,
    );

  it('turns a Falco alert into an incident and a webhook, and keeps them through kill -9', async () => {
    await subscription();
    const first = await start();
    const response = await fetch(`${first.url}/`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(SHELL) });
    expect(await response.json()).toMatchObject({ accepted: 1, rejected: [] });
    await receiver.until(() => receiver.accepted.length > 0);
    const sent = JSON.parse(receiver.accepted[0]?.body.toString() ?? '') as { type: string; data: Incident };
    expect(sent).toMatchObject({ type: 'dev.tocsin.incident.v1', data: { title: 'Interactive shell in a container (shop/web)', count: 1 } });

    first.child.kill('SIGKILL');
    await first.ended;
    const second = await start();
    const { items } = (await (await fetch(`${second.url}/v1/incidents`)).json()) as { items: Incident[] };
    expect(items.map(({ id }) => id)).toEqual([sent.data.id]);
    const again = await fetch(`${second.url}/v1/sources/falco`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(SHELL),
    });
    expect((await again.json()) as object).toMatchObject({ ids: [sent.data.violations[0]?.id] });
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
  });

  it('shows the documents in force as they are changed, and what rules came to', async () => {
    await subscription();
    const { url } = await start();
    const items = async (path: string): Promise<Record<string, unknown>[]> =>
      ((await (await fetch(`${url}${path}`)).json()) as { items: Record<string, unknown>[] }).items;
    // A look now and then: the API bounds how often one may ask.
    const lookUntil = async (path: string, found: (items: Record<string, unknown>[]) => boolean): Promise<void> => {
      while (!found(await items(path))) await pause(200);
    };
    const until = (path: string, what: object): Promise<void> =>
      lookUntil(path, (all) => all.some((item) => Object.entries(what).every(([key, value]) => item[key] === value)));
    await until('/v1/policies?kind=Subscription', { name: 'on-call', mode: 'enabled' });
    await until('/v1/rules', { name: 'shell-in-container', mode: 'enabled', matches: 0 });
    await fetch(`${url}/`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(SHELL) });
    await until('/v1/rules', { name: 'shell-in-container', matches: 1, incidents: 1 });
    await until('/v1/policies', { name: 'shell-in-container', hits: 1 });
    await writeFile(
      join(directory, 'policies', 'look.yaml'),
      'apiVersion: tocsin.dev/v1\nkind: ResponsePolicy\nmetadata: { name: look }\nspec: { enabled: false, mode: observe, match: { incidents: "true" }, steps: [{ action: snapshot }] }\n',
    );
    await until('/v1/policies?kind=ResponsePolicy', { name: 'look', mode: 'disabled', hits: 0 });
    await rm(join(directory, 'policies', 'on-call.yaml'));
    await lookUntil('/v1/policies?kind=Subscription', (all) => all.length === 0);
  }, 60_000);

  it('plays the demo and shows what it becomes', async () => {
    const { output, child } = await start('--demo');
    while (!output().includes('See one whole')) await new Promise((resolve) => child.stdout?.once('data', resolve));
    expect(output()).toContain('38 violations of an attack');
    // Which parts are told before the whole is seen depends on who is faster; the whole is, and the most are its parts.
    const [, told = '', parts = ''] = /They became (\d+) incidents that somebody is told of, and (\d+) that are parts of these/.exec(output()) ?? [];
    expect(Number(told)).toBeGreaterThan(0);
    expect(Number(parts)).toBeGreaterThan(Number(told));
    expect(output()).toContain('Several stages of an attack on one workload (shop/storefront)');
  });

  it('tells every mistake of a document with its place, and starts nothing', async () => {
    await subscription();
    await writeFile(join(directory, 'policies', 'bad.yaml'), 'apiVersion: tocsin.dev/v1\nkind: CorrelationRul\nmetadata: { name: x }\nspec: {}\n');
    await writeFile(join(directory, 'tocsin.yaml'), 'htp: {}\n');
    const { ended, output, url } = await start();
    expect(await ended).toBe(1);
    expect(url).toBe('');
    expect(output()).toContain('tocsin.yaml:1:1: htp: ');
    expect(output()).toMatch(/policies\/bad\.yaml:2:\d+: kind: .*did you mean "CorrelationRule"/);
  });
});
