import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createDatabase, postgresAnswers, type TestDatabase } from './database.js';
import { startPostgres } from './server.js';

const POLL_MS = 100;

/**
 * A fresh database on the server of this test run, or on the one that DATABASE_URL names. The first who asks starts
 * the server; it ends with the process that started it, so that neither a finished nor a crashed run leaves one
 * behind. Tests MUST NOT stop it; those that want to, start their own by `startPostgres`.
 */
export async function testDatabase(): Promise<TestDatabase> {
  return await createDatabase(process.env['DATABASE_URL'] || (await sharedServer()));
}

async function sharedServer(): Promise<string> {
  const directory = join(tmpdir(), `tocsin-postgres-run-${testRun()}`);
  const stateFile = join(directory, 'url');
  await mkdir(directory, { recursive: true });
  for (;;) {
    const running = await readRunning(stateFile);
    if (running) return running;
    const unlock = await tryLock(join(directory, 'lock'));
    if (!unlock) {
      await delay(POLL_MS);
      continue;
    }
    try {
      // Between the look and the lock another process may have started one.
      const url = (await readRunning(stateFile)) ?? (await startPostgres({ removeWithServer: directory })).url;
      const written = join(directory, randomUUID());
      await writeFile(written, url);
      await rename(written, stateFile);
      return url;
    } finally {
      await unlock();
    }
  }
}

/** Test workers are forked by one parent, which all files of a run have in common; without workers it is the process. */
function testRun(): string {
  return process.env['TOCSIN_TEST_RUN'] ?? String(typeof process.send === 'function' ? process.ppid : process.pid);
}

async function readRunning(stateFile: string): Promise<string | undefined> {
  const url = await readFile(stateFile, 'utf8').catch(() => '');
  return url !== '' && (await postgresAnswers(url)) ? url : undefined;
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
