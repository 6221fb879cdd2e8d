import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** A Go module whose only content is the API server of Kubernetes; versions and hashes stand in its go.mod and go.sum. */
const MODULE = join(import.meta.dirname, '../../kube-apiserver');
const MAX_BUFFER = 16 * 1024 * 1024;

/** KUBE_APISERVER names one that was built elsewhere; then nothing is compiled. */
export function apiServerBinary(): string {
  const given = process.env['KUBE_APISERVER'];
  if (given) return given;
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const hash = createHash('sha256')
    .update(readFileSync(join(MODULE, 'go.sum')))
    .digest('hex');
  return join(cache, 'tocsin', `kube-apiserver-${hash.slice(0, 16)}`, 'kube-apiserver');
}

export function apiServerCached(): boolean {
  return existsSync(apiServerBinary());
}

/**
 * Compiles kube-apiserver through the Go module proxy into the cache, once: some five minutes on two cores. Safe when several
 * processes call it at once, as the Kafka jars are.
 */
export async function ensureApiServer(): Promise<string> {
  const binary = apiServerBinary();
  if (existsSync(binary)) return binary;
  if (process.env['KUBE_APISERVER']) throw new Error(`KUBE_APISERVER is ${binary}, which does not exist.`);
  const target = dirname(binary);
  await mkdir(dirname(target), { recursive: true });
  const work = await mkdtemp(join(dirname(target), 'build-'));
  try {
    await cp(MODULE, work, { recursive: true });
    const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod -buildvcs=false' };
    await promisify(execFile)('go', ['build', '-ldflags=-s -w', '-o', 'bin/kube-apiserver', '.'], { cwd: work, env, maxBuffer: MAX_BUFFER }).catch(
      (cause: unknown) => {
        throw new Error('Cannot compile kube-apiserver with Go; see the cause.', { cause });
      },
    );
    await rename(join(work, 'bin'), target).catch((error: unknown) => {
      if (!existsSync(binary)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return binary;
}
