import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ChildMessage, ChildOptions } from './child.js';
import { Waiter } from './waiter.js';

/** A client of the log in a process of its own, which can die in the middle of its work. */
export class LogProcess {
  readonly messages: ChildMessage[] = [];
  readonly #child: ChildProcess;
  readonly #waiter: Waiter;
  #errors = '';
  #exited = false;

  constructor(options: ChildOptions, waitMs: number) {
    this.#waiter = new Waiter(waitMs);
    const script = fileURLToPath(new URL('./child.ts', import.meta.url));
    const preload = new URL('./run-typescript.ts', import.meta.url).href;
    // The flags of the test runner are not for the child.
    const { NODE_OPTIONS: _, ...env } = process.env;
    this.#child = fork(script, [JSON.stringify(options)], {
      execArgv: ['--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning', '--import', preload],
      env,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.#child.on('message', (message) => {
      this.messages.push(message as ChildMessage);
      this.#waiter.changed();
    });
    this.#child.once('exit', () => {
      this.#exited = true;
      this.#waiter.changed();
    });
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    await this.#waiter.until(() => this.#exited || condition(), `${what} in the child process`);
    if (!condition()) throw new Error(`The child process ended before ${what}: ${this.#errors}`);
  }

  /** As the kernel or the power does it: nothing in the process gets to run any more. */
  async kill(): Promise<void> {
    if (this.#exited) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}
