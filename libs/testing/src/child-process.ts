import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';

const HOST = '127.0.0.1';

/**
 * A shell that waits on a pipe which only this process holds: when this process ends, in whatever way, the pipe
 * closes and the shell ends the process and removes its data. Nothing is left behind by a crashed run.
 */
export function guardAgainstOrphans(pid: number, directories: readonly string[]): ChildProcess {
  const guard = spawn('sh', ['-c', 'cat >/dev/null; kill -9 "$0" 2>/dev/null; rm -rf "$@"', String(pid), ...directories], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // A signal to the whole group must not end the guard before it has done what it is for.
    detached: true,
  });
  guard.unref();
  const pipe: unknown = guard.stdin;
  if (hasUnref(pipe)) pipe.unref();
  return guard;
}

function hasUnref(value: unknown): value is { unref(): void } {
  return typeof value === 'object' && value !== null && 'unref' in value;
}

/** Ports that are free now. One can be lost to another process before it is bound; whoever binds it tries again with others. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      server.listen(0, HOST);
      await once(server, 'listening');
      return server;
    }),
  );
  return await Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      server.close();
      await once(server, 'close');
      if (address === null || typeof address === 'string') throw new Error('No port was given by bind(0).');
      return address.port;
    }),
  );
}

/** The last lines of a log, for error messages. */
export async function tail(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').slice(-30).join('\n');
}
