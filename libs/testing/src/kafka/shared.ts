import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startKafka } from './broker.js';
import { brokerAnswers } from './ready.js';

const POLL_MS = 100;

/**
 * The broker of this test run; started by the first who asks, then shared by all test files through a state file.
 * It ends with the process that started it, so that neither a finished nor a crashed run leaves one behind, and
 * whoever asks after that starts the next. Tests MUST NOT stop it; those that want to, start their own.
 *
 * KAFKA_BROKERS names a broker that runs already; then nothing is started. (A Docker engine is not looked for yet.)
 */
export async function sharedKafka(): Promise<{ brokers: string }> {
  const given = process.env['KAFKA_BROKERS'];
  if (given) return { brokers: given };
  const directory = join(tmpdir(), `tocsin-run-${testRun()}`);
  const stateFile = join(directory, 'kafka');
  await mkdir(directory, { recursive: true });
  for (;;) {
    const running = await readRunning(stateFile);
    if (running) return running;
    const unlock = await tryLock(join(directory, 'kafka.lock'));
    if (!unlock) {
      await delay(POLL_MS);
      continue;
    }
    try {
      // Between the look and the lock another process may have started one.
      const started = (await readRunning(stateFile)) ?? (await startKafka({ removeWithBroker: directory }));
      const written = join(directory, randomUUID());
      await writeFile(written, started.brokers);
      await rename(written, stateFile);
      return { brokers: started.brokers };
    } finally {
      await unlock();
    }
  }
}

/** A broker for one test file that also wants to restart it, where that is possible: the one in KAFKA_BROKERS is only used. */
export async function ownKafka(): Promise<{ brokers: string; restart?(): Promise<void>; close(): Promise<void> }> {
  const given = process.env['KAFKA_BROKERS'];
  if (given) return { brokers: given, close: async () => undefined };
  const kafka = await startKafka();
  return {
    brokers: kafka.brokers,
    async restart() {
      await kafka.kill();
      await kafka.start();
    },
    close: () => kafka.close(),
  };
}

/** A topic or group name that no other test uses, also on a broker that outlives the run. */
export function topicName(prefix: string): string {
  return `${prefix}.${randomUUID().slice(0, 13)}`;
}

/** Test workers are forked by one parent, which all files of a run have in common; without workers it is the process. */
function testRun(): string {
  const named = process.env['TOCSIN_TEST_RUN'];
  if (named) return named;
  return String(typeof process.send === 'function' ? process.ppid : process.pid);
}

async function readRunning(stateFile: string): Promise<{ brokers: string } | undefined> {
  const brokers = await readFile(stateFile, 'utf8').catch(() => '');
  const [host, port] = brokers.split(':');
  if (!host || !port || !(await brokerAnswers(host, Number(port)))) return undefined;
  return { brokers };
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
