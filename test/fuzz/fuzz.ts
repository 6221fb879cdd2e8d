import { Coverage } from './coverage.ts';
import { Mutator } from './mutate.ts';
import { Finding, type Target } from './target.ts';

export interface FuzzOptions {
  target: Target;
  inputs: number;
  random: () => number;
  /** URL below which code counts as ours. */
  prefix: string;
  /** What earlier runs kept. */
  corpus: readonly Buffer[];
  onProgress?(done: number, parts: number, corpus: number): void;
}

export interface FuzzReport {
  inputs: number;
  /** Parts of our code that were reached. */
  parts: number;
  /** Inputs that reached something new, beyond those it began with. */
  kept: readonly Buffer[];
  finding?: { input: Buffer; error: Error };
}

/** Asking for the coverage costs as much as some hundred inputs. */
const BATCH_MIN = 64;
const BATCH_MAX = 2_048;
/** An input that takes more of the processor takes too much, if it does so again and again. */
const SLOW_MS = 3_000;
const SLOW_TRIES = 3;
const BUILT_INS = [Object.prototype, Array.prototype, String.prototype, Number.prototype, Function.prototype, RegExp.prototype, Promise.prototype];

/** Gives the target inputs that are made of those which reached most, until one leads to what must not be. */
export async function fuzz({ target, inputs, random, prefix, corpus, onProgress }: FuzzOptions): Promise<FuzzReport> {
  const coverage = new Coverage(prefix);
  await coverage.start();
  const mutator = new Mutator(random, target.words);
  const known = [...target.seeds, ...corpus];
  const kept: Buffer[] = [];
  const before = builtIns();
  try {
    for (const input of known) {
      const error = await failure(target, input);
      if (error !== undefined) return { inputs: 0, parts: 0, kept, finding: { input, error } };
    }
    const seen = await coverage.taken();
    let done = 0;
    let size = BATCH_MIN;
    while (done < inputs) {
      const batch = Array.from({ length: Math.min(size, inputs - done) }, () => mutator.next(known));
      for (const input of batch) {
        const error = (await failure(target, input)) ?? polluted(before);
        if (error !== undefined) return { inputs: done, parts: seen.size, kept, finding: { input, error } };
      }
      done += batch.length;
      const news = (await coverage.taken()).difference(seen);
      size = news.size > 0 ? BATCH_MIN : Math.min(BATCH_MAX, size * 2);
      for (const part of news) seen.add(part);
      const added = await reaching(target, batch, coverage, news);
      known.push(...added);
      kept.push(...added);
      onProgress?.(done, seen.size, known.length);
    }
    return { inputs: done, parts: seen.size, kept };
  } finally {
    coverage.stop();
  }
}

/** The inputs of the batch that reach these parts, by running ever smaller halves of it again. What is found is taken out of `parts`. */
async function reaching(target: Target, batch: readonly Buffer[], coverage: Coverage, parts: Set<string>): Promise<Buffer[]> {
  if (parts.size === 0 || batch.length === 0) return [];
  for (const input of batch) await failure(target, input);
  const taken = await coverage.taken();
  const reached = [...parts].filter((part) => taken.has(part));
  if (reached.length === 0) return [];
  const [only] = batch;
  if (batch.length === 1 && only !== undefined) {
    for (const part of reached) parts.delete(part);
    return [only];
  }
  const half = Math.ceil(batch.length / 2);
  return [...(await reaching(target, batch.slice(0, half), coverage, parts)), ...(await reaching(target, batch.slice(half), coverage, parts))];
}

async function failure(target: Target, input: Buffer): Promise<Error | undefined> {
  for (let tries = 1; ; tries++) {
    const before = process.cpuUsage();
    try {
      const pending = target.run(input);
      if (pending !== undefined) await pending;
    } catch (error) {
      return error instanceof Error ? error : new Finding(`It threw ${String(error)}`);
    }
    const { user, system } = process.cpuUsage(before);
    const took = (user + system) / 1_000;
    if (took < SLOW_MS) return undefined;
    if (tries === SLOW_TRIES) return new Finding(`It takes ${took.toFixed(0)} ms of the processor for ${input.length} bytes.`);
  }
}

function builtIns(): string {
  return BUILT_INS.map((prototype) => Reflect.ownKeys(prototype).length).join();
}

function polluted(before: string): Finding | undefined {
  return builtIns() === before ? undefined : new Finding('It changed a built-in prototype.');
}
