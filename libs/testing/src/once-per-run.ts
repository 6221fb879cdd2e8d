import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 100;

export interface SharedServer {
  /** Name of its directory. */
  name: string;
  /** Whether the server at that address answers. */
  answers(address: string): Promise<boolean>;
  /** Starts one and gives its address; `directory` is to be removed when it ends. */
  start(directory: string): Promise<string>;
}

/**
 * The address of a server that all files of a test run share: the first who asks starts it, the others find it through
 * a file. It ends with the process that started it, and whoever asks after that starts the next.
 */
export async function oncePerRun({ name, answers, start }: SharedServer): Promise<string> {
  const directory = join(tmpdir(), `tocsin-${name}-run-${testRun()}`);
  const stateFile = join(directory, 'address');
  const running = async (): Promise<string | undefined> => {
    const address = await readFile(stateFile, 'utf8').catch(() => '');
    return address !== '' && (await answers(address)) ? address : undefined;
  };
  await mkdir(directory, { recursive: true });
  for (;;) {
    const found = await running();
    if (found !== undefined) return found;
    const unlock = await tryLock(join(directory, 'lock'));
    if (!unlock) {
      await delay(POLL_MS);
      continue;
    }
    try {
      // Between the look and the lock another process may have started one.
      const address = (await running()) ?? (await start(directory));
      const written = join(directory, randomUUID());
      await writeFile(written, address);
      await rename(written, stateFile);
      return address;
    } finally {
      await unlock();
    }
  }
}

/** Test workers are forked by one parent, which all files of a run have in common; without workers it is the process. */
function testRun(): string {
  return process.env['TOCSIN_TEST_RUN'] || String(typeof process.send === 'function' ? process.ppid : process.pid);
}

/** Resolves with the way to unlock, or undefined while another living process holds the lock. */
async function tryLock(file: string): Promise<(() => Promise<void>) | undefined> {
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(String(process.pid));
    await handle.close();
    return () => rm(file, { force: true });
  } catch {
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (owner > 0 && !isAlive(owner)) await rm(file, { force: true });
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
