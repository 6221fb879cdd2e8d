import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { request } from 'node:https';
import { describeReal } from '../real.js';
import type { KubeAdmin } from './admin.js';
import { ADMIN_TOKEN } from './api-server.js';
import { FakeKubelet, type ContainerLog } from './kubelet.js';
import { makePod } from './objects.js';
import { sharedApiServer } from './shared.js';
import { watch } from './watch.js';

describeReal('kubernetes', 'a kubelet for tests, asked through the API server', () => {
  let admin: KubeAdmin;
  let kubelet: FakeKubelet;
  let namespace: string;
  let pod: string;
  beforeAll(async () => {
    admin = await sharedApiServer();
    namespace = await admin.namespace();
    kubelet = await FakeKubelet.start(admin, `node-${randomUUID().slice(0, 8)}`);
  }, 600_000);
  afterAll(() => kubelet.close());
  beforeEach(async () => {
    pod = `web-${randomUUID().slice(0, 8)}`;
    await makePod(admin, namespace, pod, { nodeName: kubelet.node });
  });

  const writes = (log: ContainerLog, container = 'main'): void => void kubelet.logs.set(`${namespace}/${pod}/${container}`, log);
  interface Read {
    status: number;
    bytes: Buffer;
    /** Ended, rather than broken off. */
    whole: boolean;
  }
  const logOf = (query = ''): Promise<Read> => read(`${admin.url}/api/v1/namespaces/${namespace}/pods/${pod}/log?${query}`);
  const read = (url: string): Promise<Read> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
      // The kubelet shows a certificate that nobody knows.
      request(url, { headers, rejectUnauthorized: false, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        const end = (whole: boolean): void => resolve({ status: response.statusCode ?? 0, bytes: Buffer.concat(chunks), whole });
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => end(true)).on('error', () => end(false));
      })
        .on('error', reject)
        .end();
    });

  describe('gives logs', () => {
    it('byte by byte', async () => {
      const bytes = randomBytes(300_000);
      writes({ bytes });
      const { status, bytes: read } = await logOf('container=main');
      expect({ status, same: read.equals(bytes) }).toEqual({ status: 200, same: true });
    });

    it.each([
      ['limitBytes=5', 'one\nt'],
      ['tailLines=2', 'two\nthree\n'],
      ['tailLines=9', 'one\ntwo\nthree\n'],
      ['tailLines=0', ''],
      ['tailLines=1&timestamps=true', '2026-01-01T00:00:00.000000000Z three\n'],
      ['tailLines=2&limitBytes=4', 'two\n'],
    ])('as %s asks', async (query, expected) => {
      writes({ bytes: Buffer.from('one\ntwo\nthree\n') });
      expect((await logOf(query)).bytes.toString()).toBe(expected);
    });

    it('of a last line that is not ended', async () => {
      writes({ bytes: Buffer.from('one\ntwo') });
      expect((await logOf('tailLines=1')).bytes.toString()).toBe('two');
    });

    it('of no container that it does not know, and by no option that it does not know', async () => {
      expect((await logOf()).status).toBe(404);
      writes({ bytes: Buffer.from('x') });
      expect((await logOf('sinceSeconds=5')).status).toBe(400);
    });

    it('slowly, but whole', async () => {
      const bytes = randomBytes(1_000);
      writes({ bytes, misbehaves: 'drip' });
      const { bytes: read } = await logOf();
      expect(read.equals(bytes)).toBe(true);
    });

    it('not at all', async () => {
      writes({ bytes: Buffer.from('x'), misbehaves: 'error' });
      expect((await logOf()).status).toBe(500);
    });

    it('up to the middle, which the API server passes on as if it were all', async () => {
      const bytes = randomBytes(100_000);
      writes({ bytes, misbehaves: 'cut' });
      const { daemonEndpoints } = (await admin.get(`/api/v1/nodes/${kubelet.node}`)).status as {
        daemonEndpoints: { kubeletEndpoint: { Port: number } };
      };
      const direct = await read(`https://127.0.0.1:${daemonEndpoints.kubeletEndpoint.Port}/containerLogs/${namespace}/${pod}/main`);
      expect({ read: direct.bytes.byteLength, whole: direct.whole }).toEqual({ read: 50_000, whole: false });
      const through = await logOf();
      expect({ status: through.status, read: through.bytes.byteLength, whole: through.whole }).toEqual({ status: 200, read: 50_000, whole: true });
    });

    it('up to the middle, and then nothing more', async () => {
      const bytes = randomBytes(100_000);
      writes({ bytes, misbehaves: 'hang' });
      const url = `${admin.url}/api/v1/namespaces/${namespace}/pods/${pod}/log`;
      const got = await new Promise<number>((resolve, reject) => {
        const asked = request(url, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` }, ca: admin.ca, agent: false }, (response) => {
          let count = 0;
          response.on('end', () => reject(new Error('It ended.')));
          response.on('data', (chunk: Buffer) => {
            count += chunk.byteLength;
            if (count < 50_000) return;
            resolve(count);
            response.removeAllListeners('end');
            asked.destroy();
          });
        });
        asked.on('error', reject).end();
      });
      expect(got).toBe(50_000);
    });
  });

  it('reports on one container, and leaves what it reported on another', async () => {
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}`;
    const spec = { ephemeralContainers: ['a', 'b'].map((name) => ({ name, image: 'x' })) };
    await admin.must('PATCH', `${path}/ephemeralcontainers`, { spec }, 'application/strategic-merge-patch+json');
    await Promise.all([kubelet.report(namespace, pod, 'a', { waiting: { reason: 'x' } }), kubelet.report(namespace, pod, 'b', { running: {} })]);
    await kubelet.report(namespace, pod, 'a', { terminated: { exitCode: 3 } });
    const statuses = (await admin.get(path)).status['ephemeralContainerStatuses'] as { name: string }[];
    expect(statuses.toSorted((a, b) => a.name.localeCompare(b.name))).toMatchObject([
      { name: 'a', state: { terminated: { exitCode: 3 } } },
      { name: 'b', state: { running: {} } },
    ]);
  });

  describe('that takes containers up', () => {
    type States = { name: string; state: Record<string, Record<string, unknown>> }[];
    let own: FakeKubelet;
    beforeAll(async () => {
      own = await FakeKubelet.start(admin, `node-${randomUUID().slice(0, 8)}`);
      own.runs(({ image }) => {
        if (image === 'unknown') return { waiting: 'ImagePullBackOff', message: 'no such image' };
        if (image === 'fails') return { log: Buffer.from('oh'), exitCode: 2, message: 'out of luck' };
        if (image === 'works') return { log: Buffer.from([0, 255, 10, 13]), exitCode: 0 };
        return image === 'stays' ? { log: Buffer.from('so far') } : undefined;
      });
    });
    afterAll(() => own.close());

    /** Adds the container, and gives every kind of state that it was seen in until the last. */
    async function statesOf(image: string, last: string): Promise<{ seen: string[]; state: Record<string, unknown> | undefined }> {
      pod = `${image}-${randomUUID().slice(0, 8)}`;
      await makePod(admin, namespace, pod, { nodeName: own.node });
      const seen: string[] = [];
      const { promise, resolve } = Promise.withResolvers<Record<string, unknown> | undefined>();
      const watching = watch(admin, `/api/v1/namespaces/${namespace}/pods?fieldSelector=metadata.name=${pod}`, ({ object }) => {
        const [status] = (object.status['ephemeralContainerStatuses'] ?? []) as States;
        const [kind, state] = Object.entries(status?.state ?? {})[0] ?? [];
        if (kind !== undefined && seen.at(-1) !== kind) seen.push(kind);
        if (kind === last) resolve(state);
      });
      const spec = { ephemeralContainers: [{ name: 'look', image, command: ['/look'] }] };
      await admin.must(
        'PATCH',
        `/api/v1/namespaces/${namespace}/pods/${pod}/ephemeralcontainers`,
        { spec },
        'application/strategic-merge-patch+json',
      );
      const state = await promise;
      watching.close();
      return { seen, state };
    }

    it('runs one to its end, and has its log', async () => {
      const { seen, state } = await statesOf('works', 'terminated');
      expect(seen).toEqual(['running', 'terminated']);
      expect(state).toMatchObject({ exitCode: 0, reason: 'Completed', startedAt: expect.any(String), finishedAt: expect.any(String) });
      expect((await logOf('container=look')).bytes.equals(Buffer.from([0, 255, 10, 13]))).toBe(true);
    });

    it('runs one that fails', async () => {
      expect((await statesOf('fails', 'terminated')).state).toMatchObject({ exitCode: 2, reason: 'Error', message: 'out of luck' });
    });

    it('runs one that does not end', async () => {
      expect((await statesOf('stays', 'running')).seen).toEqual(['running']);
      expect((await logOf('container=look')).bytes.toString()).toBe('so far');
    });

    it('never starts one whose image it cannot have', async () => {
      const { seen, state } = await statesOf('unknown', 'waiting');
      expect({ seen, state }).toEqual({ seen: ['waiting'], state: { reason: 'ImagePullBackOff', message: 'no such image' } });
    });
  });
});
