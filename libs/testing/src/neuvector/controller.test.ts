import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { NeuvectorController } from './controller.js';

/** Facts by NeuVector's source at 1b8b7075 (API 5.6.0); the file is named at each. */
describe('the fake of a NeuVector controller', () => {
  let controller: NeuvectorController;
  let agent: Agent;
  beforeEach(async () => {
    controller = await NeuvectorController.start();
    agent = new Agent({ ca: await readFile(controller.caFile) });
  });
  afterEach(async () => {
    agent.destroy();
    await controller.close();
  });

  const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = { 'x-auth-apikey': controller.apiKey }) =>
    new Promise<{ status: number; body: Buffer; type: string }>((resolve, reject) => {
      const sent = request(`${controller.url}${path}`, { method, agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks), type: response.headers['content-type'] ?? '' }),
        );
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const json = async (...parts: Parameters<typeof ask>) => {
    const { status, body } = await ask(...parts);
    return { status, ...(body.byteLength > 0 && (JSON.parse(body.toString()) as object)) };
  };
  const pod = () => controller.addWorkload({ namespace: 'shop', pod: 'web-1' });
  const begin = async (sniffer: object = {}, workload = pod().id): Promise<string> => {
    const answer = await json('POST', `/v1/sniffer?f_workload=${workload}`, { sniffer });
    return (answer as unknown as { result: { id: string } }).result.id;
  };

  describe('access (controller/rest/auth.go, rest.go)', () => {
    it.each([
      ['no key', {}],
      ['another key', { 'x-auth-apikey': 'tocsin:other' }],
      ['a token that nobody was given, beside the right key', { 'x-auth-token': 'x', 'x-auth-apikey': 'tocsin:a-secret-of-the-fake' }],
    ])('answers 401 to %s', async (_name, headers) => {
      expect(await json('GET', '/v2/workload', undefined, headers as Record<string, string>)).toMatchObject({ status: 401, code: 3 });
    });

    it('answers 401 to a key that has expired', async () => {
      controller.sessions.apiKeyExpired = true;
      expect(await json('GET', '/v2/workload')).toMatchObject({ status: 401, code: 3 });
    });

    it('knows no other paths and methods', async () => {
      expect(await json('GET', '/v1/quarantine')).toMatchObject({ status: 404, code: 1, message: 'URL not found' });
      expect(await json('PUT', '/v1/sniffer')).toMatchObject({ status: 405, code: 2, message: 'Method not allowed' });
    });

    it('gives 32 sessions to a user, and more once one ends', async () => {
      const login = () => json('POST', '/v1/auth', { password: controller.user }, {});
      const first = (await login()) as unknown as { token: { token: string } };
      for (let session = 1; session < 32; session++) expect(await login()).toMatchObject({ status: 200 });
      expect(await login()).toMatchObject({ status: 401, code: 3 });
      expect(await ask('DELETE', '/v1/auth', undefined, { 'x-auth-token': first.token.token })).toMatchObject({ status: 200 });
      expect(await login()).toMatchObject({ status: 200 });
    });

    it('ends a session that nobody used for 300 s by 408', async () => {
      const { token } = (await json('POST', '/v1/auth', { password: controller.user }, {})) as unknown as { token: { token: string } };
      const headers = { 'x-auth-token': token.token };
      controller.advance(300);
      expect(await ask('GET', '/v2/workload', undefined, headers)).toMatchObject({ status: 200 });
      controller.advance(301);
      expect(await ask('GET', '/v2/workload', undefined, headers)).toMatchObject({ status: 408 });
    });

    it('answers 403 without rt_policy, but gives an empty list of captures', async () => {
      const { id } = pod();
      controller.sessions.mayAct = false;
      expect(await json('PATCH', `/v1/workload/${id}`, { config: { quarantine: true } })).toMatchObject({ status: 403, code: 25 });
      expect(await json('POST', `/v1/sniffer?f_workload=${id}`, { sniffer: {} })).toMatchObject({ status: 403, code: 25 });
      expect(await json('GET', `/v1/sniffer?f_workload=${id}`)).toMatchObject({ status: 200, sniffers: [] });
    });
  });

  describe('quarantine (controller/rest/workload.go)', () => {
    const quarantine = (id: string, config: object = { quarantine: true }) => json('PATCH', `/v1/workload/${id}`, { config });
    const state = async (id: string) => (await json('GET', `/v2/workload/${id}`)) as { workload?: { brief: object; security: object } };

    it('passes over a reason, and shows its own', async () => {
      const { id } = pod();
      expect(await quarantine(id, { quarantine: true, quarantine_reason: 'incident 7' })).toMatchObject({ status: 200 });
      expect((await state(id)).workload).toMatchObject({ brief: { state: 'quarantined' }, security: { quarantine_reason: 'user-configured' } });
      await quarantine(id, { quarantine: false });
      expect((await state(id)).workload).toMatchObject({ brief: { state: 'monitor' } });
    });

    it('is 404 for a container of a pod and for what is not there, and 400 where it cannot be', async () => {
      const child = controller.addWorkload({ namespace: 'shop', pod: 'web-1', shareNsWith: pod().id });
      const host = controller.addWorkload({ namespace: 'shop', pod: 'node-agent', hostNetwork: true });
      expect(await quarantine(child.id)).toMatchObject({ status: 404, code: 7, message: 'Only the pod container can be quarantined' });
      expect(await quarantine('0'.repeat(64))).toMatchObject({ status: 404, code: 7, message: 'Object not found' });
      expect(await quarantine(host.id)).toMatchObject({ status: 400, code: 6, message: 'Unable to quarantine the container' });
      expect(await quarantine(pod().id, { quarantine: 'yes' })).toMatchObject({ status: 400, code: 6 });
    });

    it('is shown when the enforcer has done it, not when it was asked for', async () => {
      const { id } = pod();
      controller.workloads.enforcing = false;
      expect(await quarantine(id)).toMatchObject({ status: 200 });
      expect((await state(id)).workload).toMatchObject({ brief: { state: 'monitor' } });
      controller.workloads.enforcing = true;
      expect((await state(id)).workload).toMatchObject({ brief: { state: 'quarantined' } });
    });

    it('filters by namespace and pod, and passes over filters that it does not know', async () => {
      const { id } = pod();
      controller.addWorkload({ namespace: 'shop', pod: 'web-2' });
      controller.addWorkload({ namespace: 'shop', pod: 'web-1', shareNsWith: id });
      const list = async (query: string) => ((await json('GET', `/v2/workload?${query}`)) as unknown as { workloads: unknown[] }).workloads;
      expect(await list('view=pod&f_domain=eq,shop&f_pod_name=eq,web-1')).toMatchObject([{ brief: { id } }]);
      expect(await list('view=pod&f_namespace=eq,other')).toHaveLength(2);
      expect(await list('f_pod_name=web-1')).toHaveLength(2);
    });
  });

  describe('captures (controller/rest/sniffer.go, agent/sniffer.go)', () => {
    it('needs the workload, and gives at most 50 files', async () => {
      const { id } = pod();
      expect(await json('POST', '/v1/sniffer', { sniffer: {} })).toMatchObject({ status: 400, code: 12 });
      expect(await json('POST', `/v1/sniffer?f_enforcer=${controller.enforcer}`, { sniffer: {} })).toMatchObject({ status: 404, code: 7 });
      expect(await json('POST', `/v1/sniffer?f_workload=${id}`, { sniffer: { file_number: 51 } })).toMatchObject({ status: 400, code: 12 });
      expect(await json('POST', `/v1/sniffer?f_workload=${id}`, { sniffer: { file_number: 50 } })).toMatchObject({ status: 200 });
      expect(await json('POST', `/v1/sniffer?f_workload=${id}`, {})).toMatchObject({ status: 400, code: 6 });
    });

    it('is 400 for a pod on its node’s network, and 500 for a filter that tcpdump cannot read', async () => {
      const host = controller.addWorkload({ namespace: 'shop', pod: 'node-agent', hostNetwork: true });
      expect(await json('POST', `/v1/sniffer?f_workload=${host.id}`, { sniffer: {} })).toMatchObject({ status: 400, code: 6 });
      const bad = { sniffer: { filter: 'port 443; reboot' } };
      expect(await json('POST', `/v1/sniffer?f_workload=${pod().id}`, bad)).toMatchObject({ status: 500, code: 21 });
    });

    it('runs until its time is over, and for ever without one', async () => {
      const [timed, endless] = [await begin({ duration: 60 }), await begin({})];
      const status = async (id: string) => (await json('GET', `/v1/sniffer/${id}`)) as unknown as { sniffer: { status: string } };
      controller.advance(59);
      expect((await status(timed)).sniffer.status).toBe('running');
      controller.advance(1);
      expect((await status(timed)).sniffer.status).toBe('stopped');
      controller.advance(100_000);
      expect((await status(endless)).sniffer.status).toBe('running');
      expect(await ask('PATCH', `/v1/sniffer/stop/${endless}`)).toMatchObject({ status: 200 });
      expect((await status(endless)).sniffer.status).toBe('stopped');
      controller.sniffers.fail(timed);
      expect((await status(timed)).sniffer.status).toBe('failed');
    });

    it('keeps the last files of 2 MB, so that the beginning is overwritten and the whole is smaller than they could hold', async () => {
      const id = await begin({ file_number: 2 });
      const packets = [1, 2, 3, 4, 5].map((fill) => Buffer.alloc(1_000_000, fill));
      for (const packet of packets) controller.sniffers.feed(id, packet);
      const { body, type } = await ask('GET', `/v1/sniffer/${id}/pcap`);
      expect(type).toMatch(/^multipart\/form-data; boundary=[0-9a-f]{60}$/);
      expect(body.toString('latin1', 0, 400)).toContain(`Content-Disposition: form-data; name="pcap"; filename="${id}.pcap"`);
      const { sniffer } = (await json('GET', `/v1/sniffer/${id}`)) as unknown as { sniffer: { file_number: number; size: number } };
      expect(sniffer.file_number).toBe(2);
      expect(sniffer.size).toBeLessThan(4_000_000);
      expect(packets.map((packet) => body.includes(packet))).toEqual([false, false, true, true, true]);
    });

    it('gives whole files up to the limit, and no time for less than one MiB (controller/rpc/enforcer.go)', async () => {
      const id = await begin({ file_number: 5 });
      for (let packet = 0; packet < 5; packet++) controller.sniffers.feed(id, Buffer.alloc(1_000_000, 7));
      expect((await ask('GET', `/v1/sniffer/${id}/pcap?limit=1048576`)).body.byteLength).toBeGreaterThan(2_000_000);
      expect(await json('GET', `/v1/sniffer/${id}/pcap?limit=1048575`)).toMatchObject({ status: 500, code: 24 });
    });

    it('is forgotten when the enforcer restarts, and 404 with other words while it is away', async () => {
      const workload = pod();
      const id = await begin({}, workload.id);
      controller.sniffers.offline.add(controller.enforcer);
      expect(await json('DELETE', `/v1/sniffer/${id}`)).toMatchObject({ status: 404, code: 7, message: expect.stringMatching(/^rpc error/) });
      expect(await json('GET', `/v1/sniffer?f_workload=${workload.id}`)).toMatchObject({ status: 404, message: 'Enforcer is disconnected' });
      controller.sniffers.offline.clear();
      controller.sniffers.forget(controller.enforcer);
      expect(await json('GET', `/v1/sniffer/${id}`)).toMatchObject({ status: 404, message: 'Object not found' });
    });
  });

  describe('misbehaviour', () => {
    it('does what was asked and loses the answer, or does nothing', async () => {
      const { id } = pod();
      for (const [wrong, done] of [
        ['reset', false],
        ['lose', true],
      ] as const) {
        controller.behave(() => wrong);
        await expect(ask('PATCH', `/v1/workload/${id}`, { config: { quarantine: true } })).rejects.toThrow(/hang up|reset/i);
        expect(controller.workloads.get(id)?.quarantined).toBe(done);
      }
    });
  });
});
