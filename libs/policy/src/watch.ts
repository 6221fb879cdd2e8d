import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { policyFiles } from './policy-files.js';

export interface WatchOptions<T> {
  /** Reads and checks the whole set. Throws `ConfigErrors`. */
  load(): Promise<T>;
  /** A whole valid set whose content differs from the last one that was handed on. */
  onValid(set: T): void;
  /** Mistakes, or why it cannot be read. Told once for the same content. */
  onInvalid(error: Error): void;
  /** Milliseconds between two looks. Default 1 s. */
  everyMs?: number;
}

const LOOK_EVERY_MS = 1_000;

/**
 * Looks for changes below the directories until the returned function is called. It compares content rather than waiting
 * for events of the file system, which a ConfigMap, swapped by a link, and network file systems do not give reliably.
 * `seen` is the content that is in force, see `contentOf`.
 */
export function watchPolicies<T>(directories: string | readonly string[], seen: string, options: WatchOptions<T>): () => Promise<void> {
  const stopping = new AbortController();
  const watching = watch(directories, seen, options, stopping.signal);
  return async () => {
    stopping.abort();
    await watching;
  };
}

async function watch<T>(directories: string | readonly string[], seen: string, options: WatchOptions<T>, signal: AbortSignal): Promise<void> {
  let told = seen;
  let before = seen;
  while (await pause(options.everyMs ?? LOOK_EVERY_MS, signal)) {
    const content = await contentOf(directories);
    // Several files are not written at once, nor is a long one: only what two looks find alike is read.
    const settled = content === before;
    before = content;
    if (!settled || content === told) continue;
    const handOn = await outcomeOf(options);
    if (signal.aborted || (await contentOf(directories)) !== content) continue;
    told = content;
    handOn();
  }
}

/** Reads the set, and gives what is to be called then. */
async function outcomeOf<T>({ load, onValid, onInvalid }: WatchOptions<T>): Promise<() => void> {
  try {
    const set = await load();
    return () => onValid(set);
  } catch (error) {
    return () => onInvalid(error instanceof Error ? error : new Error(String(error)));
  }
}

/** False when it was stopped. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return setTimeout(ms, true, { signal, ref: false }).catch(() => false);
}

/** A digest of the names and bytes of all policy files below the directories. */
export async function contentOf(directories: string | readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const directory of [directories].flat()) {
    for (const file of await policyFiles(directory, [])) {
      const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => Buffer.from(`cannot be read: ${error.code}`));
      hash.update(`${file.length}:${file}${bytes.length}:`).update(bytes);
    }
  }
  return hash.digest('hex');
}
