import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeReal, FakeKubelet, makePod, sharedApiServer } from '@tocsin/testing';
import { failureOf } from '../../kubernetes/kubernetes-error.js';
import { openBench, runActionContract, type ActionCase, type Bench } from '../contract.js';
import { capture } from './capture.js';
import { captureCommand, captureConfig } from './command.js';
import { readOutput } from './output.js';

const run = promisify(execFile);
const SOURCE = join(import.meta.dirname, '../../../../../deploy/capture');

/** What the real program makes of real packets on the loopback interface. */
describeReal('packets', 'the capture program', () => {
  let directory: string;
  let program: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-capture-'));
    program = join(directory, 'capture');
    await run('go', ['build', '-o', program, '.'], { cwd: SOURCE, env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' } });
  }, 120_000);
  afterAll(() => rm(directory, { recursive: true }));

  /** Captures while a message goes over the port; as an action would have it run. */
  async function captured(config: object, port: number, messages: number): Promise<Buffer> {
    const [, ...args] = captureCommand(captureConfig.parse({ seconds: 30, filter: { protocol: 'tcp', port }, ...config }));
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    const ended = once(child, 'exit');
    const server = createServer((socket) => socket.resume()).listen(port, '127.0.0.1');
    await once(server, 'listening');
    // It writes its header when its socket is open, but the header is buffered: a few messages make sure that some are seen.
    for (let sent = 0; sent < messages && child.exitCode === null; sent += 1) {
      const socket = connect(port, '127.0.0.1');
      socket.end(`message ${sent} `.repeat(20));
      await once(socket, 'close');
    }
    if (child.exitCode === null) child.kill('SIGTERM');
    await ended;
    server.close();
    return Buffer.concat(chunks);
  }

  async function freePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }

  it('writes a file that tcpdump reads, with counts and a hash that are right', async () => {
    const port = await freePort();
    const output = readOutput(await captured({}, port, 400));
    expect(output).toMatchObject({ complete: true, trailer: { reason: 'signal', dropped: 0 } });
    expect(output.trailer?.packets).toBeGreaterThan(10);
    const file = join(directory, 'read.pcap');
    await writeFile(file, output.pcap);
    const { stdout } = await run('tcpdump', ['-n', '-r', file], { maxBuffer: 64 * 1024 * 1024 });
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(output.trailer?.packets ?? 0);
    for (const line of lines) expect(line).toContain(`.${port}`);
  }, 60_000);

  it('ends at its bound of bytes, never above it', async () => {
    const output = readOutput(await captured({ maxBytes: 2_048 }, await freePort(), 2_000));
    expect(output).toMatchObject({ complete: true, trailer: { reason: 'bytes' } });
    expect(output.pcap.byteLength).toBeLessThanOrEqual(2_048);
  }, 60_000);
});

const action: ActionCase = {
  definition: capture,
  config: { seconds: 10, filter: { protocol: 'tcp', port: 443 } },
  async prepare(admin, namespace) {
    await makePod(admin, namespace, 'web-1');
    return { type: 'pod', name: `${namespace}/web-1` };
  },
  // Its container stays in the description of the pod: what can be undone is what it holds, not that it was there.
  look: async (admin, namespace) => (await admin.get(`/api/v1/namespaces/${namespace}/pods/web-1`)).metadata.labels,
  during: { app: 'web' },
  async replace(admin, namespace) {
    await admin.must('DELETE', `/api/v1/namespaces/${namespace}/pods/web-1?gracePeriodSeconds=0`);
    await makePod(admin, namespace, 'web-1');
  },
};
runActionContract(action);

describeReal('kubernetes', 'a capture', () => {
  let kubelet: FakeKubelet;
  let bench: Bench;
  beforeAll(async () => {
    kubelet = await FakeKubelet.start(await sharedApiServer(), `node-${randomUUID().slice(0, 8)}`);
  }, 400_000);
  afterAll(() => kubelet.close());

  const containers = async (): Promise<{ name: string; command: string[] }[]> => {
    const [namespace, name] = bench.target.name.split('/');
    const { spec } = await bench.admin.get(`/api/v1/namespaces/${namespace}/pods/${name}`);
    return (spec['ephemeralContainers'] ?? []) as { name: string; command: string[] }[];
  };
  const open = async (): Promise<{
    container: string;
    log: (bytes: Buffer, misbehaves?: 'cut' | 'error') => void;
    report: (state: object) => Promise<void>;
  }> => {
    bench = await openBench({
      ...action,
      async prepare(admin, namespace) {
        await makePod(admin, namespace, 'web-1', { nodeName: kubelet.node });
        return { type: 'pod', name: `${namespace}/web-1` };
      },
    });
    const { namespace } = bench;
    const container = `tocsin-capture-${bench.call().order.id}`;
    return {
      container,
      log: (bytes, misbehaves) =>
        void kubelet.logs.set(`${namespace}/web-1/${container}`, { bytes, ...(misbehaves !== undefined && { misbehaves }) }),
      report: (state) => kubelet.report(namespace, 'web-1', container, { ...state }),
    };
  };
  const pcap = Buffer.from('d4c3b2a1020004000000000000000000ffff000014010000', 'hex');
  const sha256 = '9d2b5be5a6fdbaa5ed6f3d1b7c1a6d9e0d2f4ccbf3d2c7e9ff8d1e8f0a1b2c3d';
  const logOf = (bytes: Buffer, hash: string, reason = 'time'): Buffer => {
    const times = { started_at: '2026-09-14T14:00:00.000Z', stopped_at: '2026-09-14T14:00:10.000Z' };
    return Buffer.from(
      `${bytes.toString('base64')}\ntrailer ${JSON.stringify({ bytes: bytes.byteLength, sha256: hash, packets: 0, dropped: 0, ...times, reason })}\n`,
    );
  };

  it('adds one container however often it is begun, waits for it, and keeps what it wrote with the hash of the source', async () => {
    const { createHash } = await import('node:crypto');
    const { container, log, report } = await open();
    const plan = await bench.plan();
    const { effect } = await bench.instance.run(plan, bench.call());
    await bench.instance.run(plan, bench.call());
    expect(await containers()).toMatchObject([
      { name: container, command: ['/capture', '--seconds=10', '--max-bytes=6000000', '--snaplen=262144', '--protocol=tcp', '--port=443'] },
    ]);
    expect(await bench.instance.poll?.(plan, effect, bench.call())).toMatchObject({ then: 'working' });
    await report({ running: { startedAt: '2026-09-14T14:00:00Z' } });
    expect(await bench.instance.poll?.(plan, effect, bench.call())).toMatchObject({ then: 'working' });
    await report({ terminated: { exitCode: 0, reason: 'Completed' } });
    const hash = createHash('sha256').update(pcap).digest('hex');
    log(logOf(pcap, hash));
    const done = await bench.instance.poll?.(plan, effect, bench.call());
    expect(done).toMatchObject({ then: 'done', evidence: [expect.any(String)] });
    const [kept] = bench.kept.values();
    expect(kept).toMatchObject({ name: 'capture.pcap', sourceSha256: hash, truncated: false });
    expect(kept?.bytes.equals(pcap)).toBe(true);
  }, 60_000);

  it('flags an output that was cut or does not match its hash', async () => {
    const { log, report } = await open();
    const plan = await bench.plan();
    const { effect } = await bench.instance.run(plan, bench.call());
    await report({ terminated: { exitCode: 0 } });
    log(logOf(pcap, sha256));
    await bench.instance.poll?.(plan, effect, bench.call());
    expect([...bench.kept.values()]).toMatchObject([{ sourceSha256: sha256, truncated: true }]);
  }, 60_000);

  it('asks again for an output that was cut on the way, and keeps what there is when that does not help', async () => {
    const { log, report } = await open();
    const plan = await bench.plan();
    const { effect } = await bench.instance.run(plan, bench.call());
    await report({ terminated: { exitCode: 0 } });
    log(Buffer.from(`${pcap.toString('base64')}\n`));
    await expect(bench.instance.poll?.(plan, effect, bench.call())).rejects.toMatchObject({ name: 'Transient' });
    expect(bench.kept.size).toBe(0);
    await bench.instance.poll?.(plan, { begun: 0 }, bench.call());
    expect([...bench.kept.values()]).toMatchObject([{ truncated: true }]);
  }, 60_000);

  it('asks again when the kubelet does not give the log', async () => {
    const { log, report } = await open();
    const plan = await bench.plan();
    const { effect } = await bench.instance.run(plan, bench.call());
    await report({ terminated: { exitCode: 0 } });
    log(logOf(pcap, sha256), 'error');
    const error = await bench.instance.poll?.(plan, effect, bench.call()).catch((thrown: unknown) => failureOf(thrown));
    expect(error).toMatchObject({ name: 'Transient' });
    expect(bench.kept.size).toBe(0);
  }, 60_000);

  it('fails when no kubelet takes the container up', async () => {
    const { report } = await open();
    const plan = await bench.plan();
    await bench.instance.run(plan, bench.call());
    await report({ waiting: { reason: 'ImagePullBackOff' } });
    const long = { begun: Date.now() - 10 * 60_000 };
    await expect(bench.instance.poll?.(plan, long, bench.call())).rejects.toThrow('ImagePullBackOff');
  }, 60_000);
});

describe('what is captured', () => {
  it.each([
    ['an expression', { filter: { expression: 'tcp port 443 -w /tmp/x' } }],
    ['an option in the host', { filter: { host: '-w/tmp/x' } }],
    ['a name', { filter: { host: 'example.com; rm -rf /' } }],
    ['a port out of range', { filter: { port: 70_000 } }],
    ['a protocol that is none', { filter: { protocol: 'tcp or udp' } }],
    ['no end', { seconds: 0 }],
    ['too much', { maxBytes: 10 ** 9 }],
  ])('is never %s', (_name, config) => {
    expect(captureConfig.safeParse(config).success).toBe(false);
  });
});
