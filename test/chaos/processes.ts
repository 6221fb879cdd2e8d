import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '@tocsin/testing';

export type App = 'ingest' | 'correlator' | 'responder' | 'notifier' | 'api' | 'standalone';

const CONFIG = fileURLToPath(new URL('services.yaml', import.meta.url));
const POLL_MS = 50;
const READY_WITHIN_MS = 60_000;
const GAVE_UP = 'Tocsin could not start:';
const RESTART_AFTER_MS = 500;

/** One service as a process of its own, on a port that stays the same through restarts. */
export class Service {
  readonly app: App;
  readonly url: string;
  readonly #env: Record<string, string>;
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(app: App, port: number, env: Record<string, string>) {
    this.app = app;
    this.url = `http://127.0.0.1:${port}`;
    this.#env = { ...env, PORT: String(port) };
  }

  static async start(app: App, env: Record<string, string>): Promise<Service> {
    const service = await Service.launch(app, env);
    await service.ready();
    return service;
  }

  /** Does not wait until it is ready. */
  static async launch(app: App, env: Record<string, string>): Promise<Service> {
    const service = new Service(app, await freePort(), env);
    service.#spawn();
    return service;
  }

  /** Of the process that runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** A process that gives up at its start, since what it stands on restarts just then, is started anew as an orchestrator would; mistakes of the configuration are not. */
  async ready(): Promise<void> {
    const end = Date.now() + READY_WITHIN_MS;
    while (Date.now() < end) {
      if (this.#child?.exitCode !== null) {
        if (!this.#output.includes(GAVE_UP)) throw new Error(`${this.app} ended at its start:\n${this.#output}`);
        this.#output = '';
        await delay(RESTART_AFTER_MS);
        this.#spawn();
      }
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (answer?.ok === true) return;
      await delay(POLL_MS);
    }
    throw new Error(`${this.app} is not ready after ${READY_WITHIN_MS} ms:\n${this.#output}`);
  }

  /** kill -9, and a new process at once, as an orchestrator would. */
  async crash(): Promise<void> {
    await this.#end('SIGKILL');
    this.#spawn();
    await this.ready();
  }

  /** SIGTERM, and a new process once it has ended, as a rolling update does. */
  async restart(): Promise<void> {
    await this.stop();
    this.#spawn();
    await this.ready();
  }

  /** To the process that runs, if one does. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Graceful, and -9 when that takes too long. Resolves with the exit code. */
  async stop(): Promise<number | null> {
    const child = this.#child;
    const timer = setTimeout(() => child?.kill('SIGKILL'), 25_000);
    const code = await this.#end('SIGTERM');
    clearTimeout(timer);
    return code;
  }

  /** The last lines that the process wrote. */
  get output(): string {
    return this.#output.slice(-4_000);
  }

  #spawn(): void {
    const main = fileURLToPath(new URL(`../../apps/${this.app}/dist/main.js`, import.meta.url));
    const child = spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', main], {
      env: {
        PATH: process.env['PATH'] ?? '',
        NODE_OPTIONS: process.env['SERVICE_NODE_OPTIONS'] ?? '',
        LOG_LEVEL: 'warn',
        TOCSIN_CONFIG: CONFIG,
        ...this.#env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    this.#child = child;
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    return new Promise((resolve) => {
      child.once('exit', (code) => resolve(code));
      child.kill(signal);
    });
  }
}
