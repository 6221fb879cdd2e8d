import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** A program that tests use and that its makers publish as Go source alone. */
export interface GoProgram {
  name: string;
  /** Directory of a Go module beside `src`; versions and hashes stand in its go.mod and go.sum. */
  module: string;
  /** The package to compile, as `go build` takes it. */
  package: string;
  /** The variable of the environment that may name one that was built elsewhere. */
  variable: string;
}

const MAX_BUFFER = 16 * 1024 * 1024;

/** Where it is, or will be. */
export function goProgram({ name, module, variable }: GoProgram): string {
  const given = process.env[variable];
  if (given) return given;
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const hash = createHash('sha256')
    .update(readFileSync(join(directoryOf(module), 'go.sum')))
    .digest('hex');
  return join(cache, 'tocsin', `${name}-${hash.slice(0, 16)}`, name);
}

/**
 * Compiles it through the Go module proxy into the cache, once. Safe when several processes call it at once, as the Kafka
 * jars are.
 */
export async function ensureGoProgram(program: GoProgram): Promise<string> {
  const binary = goProgram(program);
  if (existsSync(binary)) return binary;
  if (process.env[program.variable]) throw new Error(`${program.variable} is ${binary}, which does not exist.`);
  const target = dirname(binary);
  await mkdir(dirname(target), { recursive: true });
  const work = await mkdtemp(join(dirname(target), 'build-'));
  try {
    await cp(directoryOf(program.module), work, { recursive: true });
    const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod -buildvcs=false' };
    const args = ['build', '-ldflags=-s -w', '-o', join('bin', program.name), program.package];
    await promisify(execFile)('go', args, { cwd: work, env, maxBuffer: MAX_BUFFER }).catch((cause: unknown) => {
      throw new Error(`Cannot compile ${program.name} with Go; see the cause.`, { cause });
    });
    await rename(join(work, 'bin'), target).catch((error: unknown) => {
      if (!existsSync(binary)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return binary;
}

function directoryOf(module: string): string {
  return join(import.meta.dirname, '..', module);
}
