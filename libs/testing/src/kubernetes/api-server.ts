import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePorts, guardAgainstOrphans, tail } from '../child-process.js';
import { KubeAdmin } from './admin.js';
import { ensureApiServer } from './binary.js';
import { makeClientAuthority, type ClientAuthority } from './client-certificates.js';

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 100;
const PORT_ATTEMPTS = 3;
export const ADMIN_TOKEN = 'admin-of-tests';

/**
 * A real kube-apiserver on a real etcd, on loopback, with RBAC, admission policies and Pod Security. There is no controller manager, no
 * scheduler and no node, so that much does not happen; tests do it by `KubeAdmin` and `objects.ts` where they need it:
 * - nobody makes pods of a Deployment or ReplicaSet, replaces them, adopts orphans or lets pods go whose labels changed;
 * - nobody deletes what is owned by something deleted, empties a namespace, or removes a pod that was told to end on a node;
 * - nobody keeps the status of a PodDisruptionBudget: until a test does, it allows no eviction at all;
 * - nobody makes default ServiceAccounts, and the ClusterRoles `view`, `edit` and `admin` are empty: their rules are put together by a
 *   controller (`cluster-admin` is whole);
 * - nobody makes EndpointSlices, and no network enforces a NetworkPolicy.
 */
export interface ApiServer {
  url: string;
  /** PEM of the certificate that it shows. */
  ca: string;
  clients: ClientAuthority;
  admin: KubeAdmin;
  /** Kills it, and starts it again at the same address with what it had stored; resolves when it is ready. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startApiServer(options: { removeWithServer?: string } = {}): Promise<ApiServer> {
  const binary = await ensureApiServer();
  let failure: unknown;
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
    try {
      return await start(binary, options.removeWithServer);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function start(binary: string, removeToo: string | undefined): Promise<ApiServer> {
  const [etcdPort, peerPort, port] = (await freePorts(3)) as [number, number, number];
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-kubernetes-'));
  const inDirectory = (name: string): string => join(directory, name);
  const processes: { child: ChildProcess; guard: ChildProcess }[] = [];
  const run = (program: string, args: string[]): ChildProcess => {
    const log = openSync(inDirectory('server.log'), 'a');
    const child = spawn(program, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    child.unref();
    const guard = guardAgainstOrphans(child.pid ?? 0, [directory, ...(removeToo === undefined ? [] : [removeToo])]);
    child.once('exit', () => guard.kill());
    processes.push({ child, guard });
    return child;
  };
  const close = async (): Promise<void> => {
    for (const { child } of processes.toReversed()) await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await promisify(execFile)('openssl', ['genrsa', '-out', inDirectory('sa.key'), '2048']);
    await promisify(execFile)('openssl', ['rsa', '-in', inDirectory('sa.key'), '-pubout', '-out', inDirectory('sa.pub')]);
    const clients = await makeClientAuthority();
    await writeFile(inDirectory('clients.pem'), clients.cert);
    await writeFile(inDirectory('tokens.csv'), `${ADMIN_TOKEN},admin,admin,"system:masters"\n`);
    const etcd = `http://${HOST}:${etcdPort}`;
    const peer = `http://${HOST}:${peerPort}`;
    run('etcd', [
      ...['--name', 'default', '--data-dir', inDirectory('etcd'), '--unsafe-no-fsync'],
      ...['--listen-client-urls', etcd, '--advertise-client-urls', etcd],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`],
    ]);
    const serve = (): ChildProcess =>
      run(binary, [
        `--etcd-servers=${etcd}`,
        `--cert-dir=${inDirectory('certificates')}`,
        `--secure-port=${port}`,
        `--bind-address=${HOST}`,
        `--advertise-address=${HOST}`,
        '--service-account-issuer=https://kubernetes.default.svc',
        `--service-account-key-file=${inDirectory('sa.pub')}`,
        `--service-account-signing-key-file=${inDirectory('sa.key')}`,
        '--authorization-mode=RBAC',
        `--token-auth-file=${inDirectory('tokens.csv')}`,
        `--client-ca-file=${inDirectory('clients.pem')}`,
        '--service-cluster-ip-range=10.0.0.0/24',
        // No controller makes the default ServiceAccounts that it would ask for.
        '--disable-admission-plugins=ServiceAccount',
        '--allow-privileged=true',
      ]);
    let server = serve();
    const url = `https://${HOST}:${port}`;
    const ready = async (): Promise<{ ca: string; admin: KubeAdmin }> => {
      const deadline = Date.now() + START_TIMEOUT_MS;
      for (;;) {
        const ca = await readFile(join(inDirectory('certificates'), 'apiserver.crt'), 'utf8').catch(() => '');
        const admin = new KubeAdmin(url, ca, clients);
        if (ca !== '' && (await admin.ready())) return { ca, admin };
        if (server.exitCode !== null) throw new Error(`kube-apiserver ended while starting:\n${await tail(inDirectory('server.log'))}`);
        if (Date.now() > deadline) throw new Error(`kube-apiserver was not ready in time:\n${await tail(inDirectory('server.log'))}`);
        await delay(POLL_MS);
      }
    };
    const restart = async (): Promise<void> => {
      await end(server);
      server = serve();
      await ready();
    };
    return { url, clients, ...(await ready()), restart, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.ref();
  child.kill('SIGKILL');
  await exited;
}
