import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../receivers/free-port.js';
import { initialise, postgresBinaries, postgresUser } from './binaries.js';
import { createDatabase, postgresAnswers, type TestDatabase } from './database.js';

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 25;
/** A port taken by bind(0) can be lost to another process before Postgres binds it. */
const PORT_ATTEMPTS = 3;

/** Tests end the process, never the machine, so nothing is gained by waiting for the disk. */
const SETTINGS = {
  listen_addresses: HOST,
  unix_socket_directories: '',
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '32MB',
  max_connections: '100',
};

/**
 * One Postgres server on 127.0.0.1. States: running (start resolved) and down (after stop or kill); port and data
 * outlive both, close() forgets everything.
 */
export interface PostgresServer {
  /** Of its maintenance database; tests take one of their own by `createDatabase`. */
  readonly url: string;
  /** undefined while it is down. */
  readonly pid: number | undefined;
  createDatabase(): Promise<TestDatabase>;
  start(): Promise<void>;
  /** Orderly: transactions in progress are rolled back and clients are told. */
  stop(): Promise<void>;
  /** At once, without a checkpoint: connections break, and the next start recovers from the write-ahead log. */
  kill(): Promise<void>;
  /** stop, then start on the same port and data. */
  restart(): Promise<void>;
  /** Ends the server and removes its data. Callable twice. */
  close(): Promise<void>;
}

export interface PostgresServerOptions {
  /** Server settings; they win over the defaults here. */
  settings?: Readonly<Record<string, string>>;
  /** A directory that goes when the server does, also when this process crashes. */
  removeWithServer?: string;
}

/** Starts a server of the caller's own: for tests that stop it. Others share one by `testDatabase`. */
export async function startPostgres(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  let failure: unknown;
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
    const server = await createPostgres(options);
    try {
      await server.start();
      return server;
    } catch (error) {
      failure = error;
      await server.close();
    }
  }
  throw failure;
}

async function createPostgres(options: PostgresServerOptions): Promise<PostgresServer> {
  const [user, port] = await Promise.all([postgresUser(), freePort()]);
  const binaries = await postgresBinaries(user);
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-postgres-'));
  const data = join(directory, 'data');
  const logFile = join(directory, 'server.log');
  await mkdir(data);
  if (user.uid !== undefined && user.gid !== undefined) for (const path of [directory, data]) await chown(path, user.uid, user.gid);
  await initialise(binaries, data, user);
  const settings = Object.entries({ ...SETTINGS, ...options.settings, port: String(port) }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const url = `postgres://tocsin@${HOST}:${port}/postgres`;
  let running: { postgres: ChildProcess; guard: ChildProcess } | undefined;

  async function end(signal: 'SIGINT' | 'SIGQUIT'): Promise<void> {
    if (!running) return;
    const { postgres } = running;
    const exited = once(postgres, 'exit');
    if (postgres.exitCode === null && postgres.signalCode === null) {
      postgres.ref();
      postgres.kill(signal);
      await exited;
    }
    running = undefined;
  }

  const server: PostgresServer = {
    url,
    get pid() {
      return running?.postgres.pid;
    },
    createDatabase: () => createDatabase(url),
    async start() {
      if (running) return;
      const log = openSync(logFile, 'a');
      const postgres = spawn(binaries.postgres, ['-D', data, ...settings], { ...user, cwd: directory, stdio: ['ignore', log, log] });
      closeSync(log);
      const started = {
        postgres,
        guard: guardAgainstOrphans(postgres.pid ?? 0, [directory, ...(options.removeWithServer ? [options.removeWithServer] : [])]),
      };
      running = started;
      postgres.once('exit', () => {
        started.guard.kill();
        if (running === started) running = undefined;
      });
      // It must not keep the test process alive: the guard ends it when that process goes.
      postgres.unref();
      const deadline = Date.now() + START_TIMEOUT_MS;
      while (!(await postgresAnswers(url))) {
        if (running !== started) throw new Error(`Postgres ended while starting:\n${await tail(logFile)}`);
        if (Date.now() > deadline) throw new Error(`Postgres did not answer within ${START_TIMEOUT_MS} ms:\n${await tail(logFile)}`);
        await delay(POLL_MS);
      }
    },
    stop: () => end('SIGINT'),
    kill: () => end('SIGQUIT'),
    async restart() {
      await server.stop();
      await server.start();
    },
    async close() {
      await end('SIGQUIT');
      await rm(directory, { recursive: true, force: true });
    },
  };
  return server;
}

/**
 * A shell that waits on a pipe which only this process holds: when this process ends, in whatever way, the pipe
 * closes and the shell ends the server and removes its data. SIGQUIT, because on SIGKILL its children would linger.
 */
function guardAgainstOrphans(pid: number, directories: readonly string[]): ChildProcess {
  const script = 'cat >/dev/null; kill -QUIT "$0" 2>/dev/null; while kill -0 "$0" 2>/dev/null; do sleep 0.05; done; rm -rf "$@"';
  // Its own process group: a Ctrl-C at the terminal must not end the guard before it has done its work.
  const guard = spawn('sh', ['-c', script, String(pid), ...directories], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  guard.unref();
  const pipe: unknown = guard.stdin;
  if (hasUnref(pipe)) pipe.unref();
  return guard;
}

function hasUnref(value: unknown): value is { unref(): void } {
  return typeof value === 'object' && value !== null && 'unref' in value;
}

async function tail(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').slice(-30).join('\n');
}
