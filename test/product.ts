import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../apps/standalone/dist/main.js', import.meta.url));

export interface Product {
  url: string;
  /** Resolves when it has said this. */
  until(text: string): Promise<void>;
  /** Resolves when the log grows no more for a while, as its metric of appended records has it. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** The built product, in a directory of its own. Rejects with what it said when it does not start. */
export async function startProduct(directory: string, ...args: string[]): Promise<Product> {
  const env = { ...process.env, NODE_OPTIONS: '', PORT: '0', LOG_LEVEL: 'warn' };
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: directory, env });
  let said = '';
  const heard = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      for (const hear of heard) hear();
    });
  }
  const ended = once(child, 'exit').then(() => undefined);
  const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(said);
      if (found !== null) return found;
      const { promise, resolve } = Promise.withResolvers<'more'>();
      const hear = (): void => resolve('more');
      heard.add(hear);
      const what = await Promise.race([promise, ended]);
      heard.delete(hear);
      if (what === undefined && pattern.exec(said) === null) throw new Error(`The product has ended: ${said}`);
    }
  };
  const url = (await until(/listens on (http:\S+),/))[1] ?? '';
  return {
    url,
    until: async (text) => void (await until(new RegExp(text))),
    async settled() {
      let [last, quiet] = ['', 0];
      while (quiet < 10) {
        await pause(300);
        const now = ((await (await fetch(`${url}/metrics`)).text()).match(/^tocsin_\w+_total(\{[^}]*\})? \S+$/gm) ?? [])
          .filter((line) => !line.includes('http'))
          .join('\n');
        quiet = now === last ? quiet + 1 : 0;
        last = now;
      }
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
