import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { NeuvectorController, type NeuvectorMisbehaviour } from '@tocsin/testing';
import { neuvectorConfig } from './config.js';
import { Neuvector } from './neuvector.js';

describe('the client of NeuVector', () => {
  let directory: string;
  let keyFile: string;
  let controller: NeuvectorController;
  let client: Neuvector;
  const opened: Neuvector[] = [];
  const signal = AbortSignal.timeout(60_000);
  const filter = {};

  const open = async (parts: Record<string, unknown> = {}): Promise<Neuvector> => {
    const config = neuvectorConfig.parse({ url: controller.url, apiKey: { file: keyFile }, caFile: controller.caFile, ...parts });
    const one = await Neuvector.open(config);
    opened.push(one);
    return one;
  };
  const web = (parts: object = {}) => controller.addWorkload({ namespace: 'shop', pod: 'web-1', ...parts });
  const readAll = async ({ content }: { content: AsyncIterable<Buffer> }): Promise<Buffer> => Buffer.concat(await Array.fromAsync(content));

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-neuvector-'));
    keyFile = join(directory, 'key');
  });
  afterAll(() => rm(directory, { recursive: true }));
  beforeEach(async () => {
    controller = await NeuvectorController.start();
    await writeFile(keyFile, `${controller.apiKey}\n`);
    client = await open();
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) one.close();
    await controller.close();
  });

  describe('pods', () => {
    it('finds the pod, not its containers, nor one of the name that has ended', async () => {
      const ended = web({ state: 'exit' });
      const { id } = web();
      web({ shareNsWith: id });
      controller.addWorkload({ namespace: 'other', pod: 'web-1' });
      expect(await client.findPod('shop', 'web-1', signal)).toMatchObject({
        id,
        state: 'monitor',
        isPod: true,
        canQuarantine: true,
        canCapture: true,
      });
      controller.workloads.remove(id);
      expect(await client.findPod('shop', 'web-1', signal)).toBeUndefined();
      expect(await client.workload(ended.id, signal)).toMatchObject({ state: 'exit', running: false });
      expect(await client.workload(id, signal)).toBeUndefined();
    });

    it('asks for the pod alone, so that a large cluster is no large answer', async () => {
      await client.findPod('shop', 'web-1', signal);
      expect(controller.requests.map(({ path }) => decodeURIComponent(path))).toEqual(['/v2/workload?view=pod&f_domain=eq,shop&f_pod_name=eq,web-1']);
    });

    it('does not choose among several', async () => {
      web();
      web();
      await expect(client.findPod('shop', 'web-1', signal)).rejects.toMatchObject({
        kind: 'refused',
        message: expect.stringContaining('2 workloads'),
      });
    });
  });

  describe('quarantine', () => {
    it('cuts off and lets go, and either again is once', async () => {
      const { id } = web();
      await client.quarantine(id, signal);
      await client.quarantine(id, signal);
      expect(await client.workload(id, signal)).toMatchObject({ state: 'quarantined', quarantineReason: 'user-configured' });
      await client.release(id, signal);
      await client.release(id, signal);
      expect((await client.workload(id, signal))?.state).toBe('monitor');
    });

    it('does not take the request for the deed', async () => {
      const { id } = web();
      controller.workloads.enforcing = false;
      await client.quarantine(id, signal);
      expect((await client.workload(id, signal))?.state).toBe('monitor');
    });

    it('tells what cannot be held from what is gone', async () => {
      const child = web({ shareNsWith: web().id });
      const host = web({ hostNetwork: true });
      await expect(client.quarantine(child.id, signal)).rejects.toMatchObject({ kind: 'refused', gone: false });
      await expect(client.quarantine(host.id, signal)).rejects.toMatchObject({ kind: 'refused', gone: false });
      await expect(client.quarantine('0'.repeat(64), signal)).rejects.toMatchObject({ kind: 'refused', gone: true });
    });
  });

  describe('captures', () => {
    it('starts one that ends, follows it, takes its file and removes it', async () => {
      const { id: workload } = web();
      const order = { seconds: 60, files: 3, filter: { protocol: 'tcp', port: 443 } } as const;
      const id = await client.startCapture(workload, order, signal);
      expect(JSON.parse(controller.requests.at(-1)?.body.toString() ?? '')).toEqual({
        sniffer: { file_number: 3, duration: 60, filter: 'tcp and port 443' },
      });
      expect(await client.captures(workload, signal)).toMatchObject([{ id, status: 'running', workload }]);
      const packet = Buffer.from('\r\n--a packet\r\n\r\n');
      controller.sniffers.feed(id, packet);
      controller.advance(60);
      expect(await client.capture(id, signal)).toMatchObject({ status: 'stopped', files: 1, bytes: 24 + 16 + packet.byteLength });
      const download = await client.downloadCapture(id, 10_000, signal);
      expect((await readAll(download)).subarray(40).equals(packet)).toBe(true);
      expect(download).toMatchObject({ bytes: 40 + packet.byteLength, truncated: false });
      await client.deleteCapture(id, signal);
      await client.deleteCapture(id, signal);
      expect(await client.capture(id, signal)).toBeUndefined();
    });

    it('takes no more than is wanted, whatever the controller sends, and says that there was more', async () => {
      const id = await client.startCapture(web().id, { seconds: 60, files: 5, filter }, signal);
      for (let packet = 0; packet < 4; packet++) controller.sniffers.feed(id, Buffer.alloc(1_000_000));
      // Less than a MiB is asked for as one, or the controller would give its enforcer no time.
      for (const maxBytes of [1_000, 1_500_000, 4_000_000]) {
        const download = await client.downloadCapture(id, maxBytes, signal);
        expect(await readAll(download)).toHaveLength(maxBytes);
        expect(download.truncated).toBe(true);
      }
      const whole = await client.downloadCapture(id, 4_100_000, signal);
      await readAll(whole);
      expect(whole.truncated).toBe(false);
    });

    it('fills its files when the beginning may be overwritten', async () => {
      const id = await client.startCapture(web().id, { seconds: 60, files: 2, filter }, signal);
      for (let packet = 0; packet < 5; packet++) controller.sniffers.feed(id, Buffer.alloc(1_000_000));
      expect(await client.capture(id, signal)).toMatchObject({ files: 2 });
    });

    it.each([
      ['no end', { seconds: 0, files: 1, filter }],
      ['half a second', { seconds: 0.5, files: 1, filter }],
      ['51 files', { seconds: 1, files: 51, filter }],
      ['free text', { seconds: 1, files: 1, filter: 'port 1; reboot' as never }],
    ])('starts none with %s', async (_name, order) => {
      await expect(client.startCapture(web().id, order, signal)).rejects.toMatchObject({ kind: 'refused' });
      expect(controller.requests).toEqual([]);
    });

    it('does not take an enforcer that is away for a capture that is gone', async () => {
      const workload = web();
      const id = await client.startCapture(workload.id, { seconds: 60, files: 1, filter }, signal);
      controller.sniffers.offline.add(controller.enforcer);
      await expect(client.deleteCapture(id, signal)).rejects.toMatchObject({ kind: 'transient' });
      await expect(client.captures(workload.id, signal)).rejects.toMatchObject({ kind: 'transient' });
      controller.sniffers.offline.clear();
      controller.sniffers.forget(controller.enforcer);
      await expect(client.stopCapture(id, signal)).rejects.toMatchObject({ kind: 'refused', gone: true });
    });
  });

  describe('what comes in between', () => {
    const errors: [string, NeuvectorMisbehaviour, string][] = [
      ['408', { status: 408 }, 'transient'],
      ['429', { status: 429 }, 'transient'],
      ['500', { status: 500, body: '{"code":21,"message":"Enforcer error"}' }, 'transient'],
      ['503 of a proxy', { status: 503, body: '<html>' }, 'transient'],
      ['a connection that breaks', 'reset', 'transient'],
      ['an answer that breaks off', 'cut', 'transient'],
      ['no answer', 'hang', 'transient'],
      ['401', { status: 401 }, 'permission'],
      ['403', { status: 403 }, 'permission'],
      ['a path that is not there', { status: 404, body: '{"code":1,"message":"URL not found"}' }, 'permanent'],
      ['a page of somebody else', { status: 200, body: '<html>' }, 'permanent'],
      ['another API', { status: 200, body: '{"workloads":[{"id":7}]}' }, 'permanent'],
      ['an answer without an end', 'pour', 'permanent'],
    ];
    it.each(errors)('%s: %j is %s', async (_name, behaviour, kind) => {
      web();
      const hasty = await open({ timeout: behaviour === 'hang' ? '300ms' : '30s' });
      controller.behave(() => behaviour);
      await expect(hasty.findPod('shop', 'web-1', signal)).rejects.toMatchObject({ name: 'NeuvectorError', kind });
      controller.behave(() => undefined);
      expect(await hasty.findPod('shop', 'web-1', signal)).toMatchObject({ pod: 'web-1' });
    });

    it.each(['cut', 'reset'] as const)('a download that ends by %s is transient', async (behaviour) => {
      const id = await client.startCapture(web().id, { seconds: 60, files: 1, filter }, signal);
      controller.sniffers.feed(id, Buffer.alloc(500_000));
      controller.behave(() => behaviour);
      const taken = client.downloadCapture(id, 1_000_000, signal).then(readAll);
      await expect(taken).rejects.toMatchObject({ name: 'NeuvectorError', kind: 'transient' });
    });

    it('follows no redirect, so that the key goes nowhere else', async () => {
      const other = await NeuvectorController.start();
      controller.behave(() => ({ status: 302, headers: { location: `${other.url}/v2/workload` } }));
      await expect(client.findPod('shop', 'web-1', signal)).rejects.toMatchObject({
        kind: 'permanent',
        message: expect.stringContaining('redirects'),
      });
      expect(other.requests).toEqual([]);
      await other.close();
    });

    it('stops when it is told to', async () => {
      controller.behave(() => 'hang');
      const stop = new AbortController();
      const asked = client.findPod('shop', 'web-1', stop.signal);
      stop.abort();
      await expect(asked).rejects.toMatchObject({ kind: 'transient', message: expect.stringContaining('was stopped') });
    });

    it('is transient where nobody listens', async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      await new Promise((resolve) => server.close(resolve));
      await expect((await open({ url: `https://127.0.0.1:${port}` })).findPod('shop', 'web-1', signal)).rejects.toMatchObject({ kind: 'transient' });
    });
  });

  describe('trust', () => {
    it('speaks to nobody whose certificate it cannot check', async () => {
      const stranger = await open({ caFile: undefined });
      await expect(stranger.findPod('shop', 'web-1', signal)).rejects.toMatchObject({
        kind: 'permanent',
        message: expect.stringContaining('caFile'),
      });
      const misnamed = await open({ serverName: 'neuvector.example' });
      await expect(misnamed.findPod('shop', 'web-1', signal)).rejects.toMatchObject({
        kind: 'permanent',
        message: expect.stringContaining('serverName'),
      });
      expect(controller.requests).toEqual([]);
      expect(await (await open({ serverName: 'localhost' })).findPod('shop', 'web-1', signal)).toBeUndefined();
    });

    it.each(['http://neuvector:10443', 'https://u:p@neuvector', 'https://neuvector/v1', 'https://neuvector/?a=b', 'ftp://neuvector', 'neuvector'])(
      'is not configured with %s',
      (url) => {
        expect(neuvectorConfig.safeParse({ url, apiKey: { file: keyFile } }).success).toBe(false);
      },
    );

    it('takes a new key without a restart, and shows none in errors', async () => {
      await writeFile(keyFile, 'tocsin:canary');
      const error: unknown = await client.findPod('shop', 'web-1', signal).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ kind: 'permission' });
      expect(inspect(error, { depth: 9 })).not.toContain('canary');
      controller.behave(() => 'reset');
      const broken: unknown = await client.findPod('shop', 'web-1', signal).catch((thrown: unknown) => thrown);
      expect(inspect(broken, { depth: 9, showHidden: true })).not.toContain('canary');
      controller.behave(() => undefined);
      await writeFile(keyFile, controller.apiKey);
      expect(await client.findPod('shop', 'web-1', signal)).toBeUndefined();
    });

    it.each(['canary', 'a:canary:c', 'a:canary\nx-other: y', 'ä:canary'])('sends no key that is none: %j', async (key) => {
      await writeFile(keyFile, key);
      const error: unknown = await client.findPod('shop', 'web-1', signal).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ kind: 'permission' });
      expect(inspect(error)).not.toContain('canary');
      expect(controller.requests).toEqual([]);
    });

    it.each(['', '..', '../../v1/auth', 'a/b', 'a%2fb', 'a?x=1', 'a#b', 'a b', 'a\r\nb', 'a'.repeat(300)])(
      'lets no id into a URL that is none: %j',
      async (id) => {
        const calls = [
          () => client.quarantine(id, signal),
          () => client.release(id, signal),
          () => client.workload(id, signal),
          () => client.captures(id, signal),
          () => client.capture(id, signal),
          () => client.startCapture(id, { seconds: 1, files: 1, filter }, signal),
          () => client.stopCapture(id, signal),
          () => client.deleteCapture(id, signal),
          () => client.downloadCapture(id, 1, signal),
          () => client.findPod(id, 'web-1', signal),
          () => client.findPod('shop', id, signal),
        ];
        for (const call of calls) await expect(call()).rejects.toMatchObject({ kind: 'refused' });
        expect(controller.requests).toEqual([]);
      },
    );

    it('says what a controller says on one line, and not all of it', async () => {
      controller.behave(() => ({ status: 500, body: JSON.stringify({ code: 21, message: `a\nb\u001b[31m${'x'.repeat(5_000)}` }) }));
      const error = (await client.findPod('shop', 'web-1', signal).catch((thrown: unknown) => thrown)) as Error;
      expect(error.message).toMatch(/^[\x20-\x7e]{1,400}$/);
    });
  });
});
