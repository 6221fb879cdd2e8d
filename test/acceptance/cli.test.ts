// An operator at a terminal, and the product that runs: what is said reaches it, and what it does is shown.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Incident, Silence } from '@tocsin/domain';
import { parse } from 'yaml';
import { run } from '../../apps/cli/src/run.js';
import { startProduct, type Product } from '../product.js';

describe('the command tocsin', () => {
  let directory: string;
  let product: Product;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-cli-'));
    product = await startProduct(directory, '--demo');
    await product.until('See one whole');
    await product.settled();
  }, 120_000);
  afterAll(async () => {
    await product.stop();
    await rm(directory, { recursive: true, force: true });
  });

  interface Running {
    out: string;
    err: string;
    interrupt: AbortController;
    code: Promise<number>;
  }
  const start = (...args: string[]): Running => {
    const interrupt = new AbortController();
    const running: Running = { out: '', err: '', interrupt, code: Promise.resolve(0) };
    running.code = run([...args, '--url', product.url, '--as', 'ann'], {
      out: (text) => void (running.out += text.toString()),
      err: (text) => void (running.err += text),
      input: async () => Buffer.alloc(0),
      interrupted: () => interrupt.signal,
    });
    return running;
  };
  const tocsin = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    const running = start(...args);
    const code = await running.code;
    return { code, out: running.out, err: running.err };
  };
  const data = async <T>(...args: string[]): Promise<T> => JSON.parse((await tocsin(...args, '-o', 'json')).out) as T;
  const worst = async (): Promise<Incident> => {
    const found = await data<Incident[]>('incidents', '--rule', 'attack-in-stages', '--status', 'all', '--muted');
    expect(found).toHaveLength(1);
    return found[0] as Incident;
  };

  it('says how things stand, and by its exit code whether somebody is needed', async () => {
    const { code, out } = await tocsin('status');
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^ {2}\d+ incidents open \(.*1 fatal/) });
    await tocsin('stop-all', 'we look at it first');
    const stopped = await tocsin('status');
    expect({ code: stopped.code, out: stopped.out }).toEqual({
      code: 1,
      out: expect.stringContaining('! all response is stopped, by ann: we look at it first'),
    });
    await tocsin('resume', 'looked at');
    expect(await data('status')).toMatchObject({ actions: { stopped: false }, incidents: { by_severity: { Fatal: 1 } } });
  });

  it('lists incidents, and shows one whole', async () => {
    const { id } = await worst();
    const list = await tocsin('incidents', '--severity', 'fatal');
    expect(list.out).toMatch(new RegExp(`^ID +SEVERITY +STATUS +EVENTS +LAST SEEN +TITLE\n${id} +Fatal +open +35 `));
    expect((await tocsin('incidents', '--namespace', 'nowhere')).out).toBe('There is none.\n');
    expect(parse((await tocsin('incidents', '--limit', '2', '-o', 'yaml')).out)).toHaveLength(2);
    const { out } = await tocsin('incident', id);
    for (const part of ['Several stages of an attack', 'rule             attack-in-stages', '… of 35 events', 'evidence-removal', 'opened'])
      expect(out).toContain(part);
    expect(await tocsin('incident', 'absent')).toMatchObject({ code: 1, err: expect.stringContaining('There is no such incident') });
  });

  it('takes up, assigns, notes, ends and opens an incident, and says when that makes no sense', async () => {
    const { id } = await worst();
    expect(await tocsin('ack', id, '--comment', 'on it')).toEqual({ code: 0, out: `${id}: done.\n`, err: '' });
    expect(await tocsin('ack', id)).toMatchObject({ code: 1, err: expect.stringContaining('ann acknowledged it') });
    expect((await tocsin('assign', id, '--to', 'bob')).code).toBe(0);
    expect((await tocsin('note', id, '--comment', 'the same address as last week')).code).toBe(0);
    expect(await tocsin('resolve', id)).toMatchObject({ code: 2, err: expect.stringContaining('expected --reason: true_positive') });
    expect(await tocsin('resolve', id, '--reason', 'nonsense')).toMatchObject({
      code: 1,
      err: expect.stringContaining('reason: expected one of true_positive'),
    });
    expect((await tocsin('resolve', id, '--reason', 'benign')).code).toBe(0);
    expect((await tocsin('reopen', id)).code).toBe(0);
    const { out } = await tocsin('incident', id);
    for (const part of ['acknowledged  ann  on it', 'the same address as last week', 'assigned to      bob', 'reopened']) expect(out).toContain(part);
  });

  it('tells changes as they happen, until it is interrupted', async () => {
    const { id } = await worst();
    const [text, json] = [start('tail', '--incident', id), start('tail', '--type', 'incident', '-o', 'json')];
    // They are told of what comes after they are connected: something is said until they are.
    for (let n = 0; !text.out.includes('noted') || !json.out.includes('noted'); n++) {
      await tocsin('note', id, '--comment', `number ${n}`);
      await pause(100);
    }
    for (const { interrupt } of [text, json]) interrupt.abort();
    expect([await text.code, await json.code]).toEqual([0, 0]);
    expect(text.out).toMatch(new RegExp(`^incident {2}\\S+ {2}noted +Fatal: Several stages of an attack.* ${id}$`, 'm'));
    expect(JSON.parse(json.out.split('\n')[0] ?? '')).toMatchObject({ event: 'incident', data: { schema: 1 } });
  });

  it('makes, lists and ends a silence', async () => {
    const filter = 'incident.group["workload.namespace"] == "nowhere"';
    const { id, ends_at } = await data<Silence>('silence', 'create', filter, '--for', '2h', '--comment', 'planned work');
    expect(Date.parse(ends_at)).toBeGreaterThan(Date.now() + 3_600_000);
    expect(await data('silence', 'list')).toEqual([expect.objectContaining({ id, author: 'ann', comment: 'planned work', filter })]);
    expect((await tocsin('silence', 'end', id)).code).toBe(0);
    expect(await data('silence', 'list')).toEqual([]);
    expect(await data('silence', 'list', '--all')).toHaveLength(1);
    const wrong = await tocsin('silence', 'create', 'incident.nam == "x"', '--for', '2h', '--comment', 'x');
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('filter: ') });
    expect(await tocsin('silence', 'create', filter, '--for', '2 hours', '--comment', 'x')).toMatchObject({
      code: 2,
      err: expect.stringContaining('did you mean "2h"'),
    });
  });

  it('shows policies with their hits, and rules with what they came to', async () => {
    expect((await tocsin('policies', '--kind', 'CorrelationRule')).out).toMatch(
      /^CorrelationRule +reverse-shell +enabled +\d+ .*execution\.yaml:\d+$/m,
    );
    const { out } = await tocsin('policies', 'CorrelationRule', 'reverse-shell');
    expect(parse(out)).toMatchObject({ kind: 'CorrelationRule', metadata: { name: 'reverse-shell' } });
    expect((await tocsin('rules')).out).toMatch(/^attack-in-stages +enabled +0 +1 +0 +never$/m);
    const unused = await data<{ name: string }[]>('rules', '--unused');
    expect(unused.map(({ name }) => name)).not.toContain('attack-in-stages');
    expect(await data('cases')).toEqual([]);
  });

  it('explains of a violation why a rule does not match it', async () => {
    const { violations } = await worst();
    const { code, out } = await tocsin('explain', violations[0]?.id ?? '', '--rule', 'crypto-miner');
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('crypto-miner') });
  });
});
