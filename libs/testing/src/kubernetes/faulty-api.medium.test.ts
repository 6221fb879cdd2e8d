import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { describeReal } from '../real.js';
import type { KubeAdmin } from './admin.js';
import { faultyApi, type FaultyApi } from './faulty-api.js';
import { sharedApiServer } from './shared.js';
import { watch, type KubeEvent } from './watch.js';

describeReal('kubernetes', 'a faulty way to an API server', () => {
  let admin: KubeAdmin;
  let faulty: FaultyApi;
  let path: string;
  beforeAll(async () => {
    admin = await sharedApiServer();
    faulty = await faultyApi(admin);
    path = `/api/v1/namespaces/${await admin.namespace()}/configmaps`;
  }, 600_000);
  afterEach(() => faulty.behave(() => 'pass'));
  afterAll(() => faulty.close());

  const make = (name: string): Promise<number> => faulty.through.send('POST', path, { metadata: { name } }).then(({ status }) => status);
  const isThere = async (name: string): Promise<boolean> => (await admin.send('GET', `${path}/${name}`)).status === 200;

  it('lets calls and answers pass, and tells them', async () => {
    const before = faulty.calls.length;
    expect(await make('passed')).toBe(201);
    expect(await make('passed')).toBe(409);
    expect(faulty.calls.slice(before)).toEqual([
      { method: 'POST', path },
      { method: 'POST', path },
    ]);
  });

  it('knows clients by their tokens', async () => {
    expect((await faulty.through.send('GET', path, undefined, undefined, 'nobody')).status).toBe(401);
  });

  it('loses a request: nothing was done', async () => {
    faulty.behave(() => 'lose the request');
    await expect(make('lost')).rejects.toThrow('socket hang up');
    expect(await isThere('lost')).toBe(false);
  });

  it('loses a reply: it was done', async () => {
    faulty.behave(() => 'lose the reply');
    await expect(make('done')).rejects.toThrow('socket hang up');
    expect(await isThere('done')).toBe(true);
  });

  it('answers in place of the server', async () => {
    faulty.behave(({ method }) => (method === 'POST' ? { status: 503, headers: { 'retry-after': '1' }, body: '{"message":"busy"}' } : 'pass'));
    expect(await faulty.through.send('POST', path, { metadata: { name: 'refused' } })).toEqual({ status: 503, body: { message: 'busy' } });
    expect(await isThere('refused')).toBe(false);
    expect((await faulty.through.send('GET', path)).status).toBe(200);
  });

  it('breaks within an answer', async () => {
    faulty.behave(() => ({ cutAfterBytes: 10 }));
    await expect(faulty.through.get(path)).rejects.toThrow('aborted');
  });

  it('leaves a call without an answer until it is cut', async () => {
    faulty.behave(() => 'hang');
    const before = faulty.calls.length;
    const answer = faulty.through.get(path);
    const settled = answer.catch((error: Error) => error.message);
    while (faulty.calls.length === before) await new Promise(setImmediate);
    faulty.cut();
    expect(await settled).toBe('socket hang up');
  });

  it('passes what a watch sees as it comes, until it is cut', async () => {
    const seen: string[] = [];
    let wake: () => void = () => undefined;
    const watching = watch(faulty.through, path, ({ object }: KubeEvent) => {
      seen.push(object.metadata.name);
      wake();
    });
    const sees = async (name: string): Promise<void> => {
      while (!seen.includes(name)) await new Promise<void>((resolve) => (wake = resolve));
    };
    await admin.must('POST', path, { metadata: { name: 'watched' } });
    await sees('watched');
    faulty.cut();
    await watching.ended;
    await admin.must('POST', path, { metadata: { name: 'unseen' } });
    const again = watch(faulty.through, path, ({ object }) => {
      seen.push(`again ${object.metadata.name}`);
      wake();
    });
    await sees('again unseen');
    expect(seen).not.toContain('unseen');
    again.close();
    await again.ended;
  });
});
