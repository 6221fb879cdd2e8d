import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ConfigErrors } from '@tocsin/extension';
import { policyFiles } from './policies.js';

export interface WatchOptions<T> {
  /** Reads and checks the whole set. Throws `ConfigErrors`. */
  load(): Promise<T>;
  /** A whole valid set whose content differs from the last one looked at. */
  onValid(set: T): void;
  /** A set with mistakes. Told once for the same content. */
  onInvalid(errors: ConfigErrors): void;
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
  let last = seen;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  let stopped = false;
  const look = async (): Promise<void> => {
    const content = await contentOf(directories);
    if (content === last) return;
    last = content;
    try {
      options.onValid(await options.load());
    } catch (error) {
      if (!(error instanceof ConfigErrors)) throw error;
      options.onInvalid(error);
    }
  };
  const next = (): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      looking = look().catch(() => undefined);
      void looking.then(next);
    }, options.everyMs ?? LOOK_EVERY_MS).unref();
  };
  next();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await looking;
  };
}

/** A digest of the names and bytes of all policy files below the directories. */
export async function contentOf(directories: string | readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const directory of [directories].flat()) {
    for (const file of await policyFiles(directory, [])) {
      const bytes = await readFile(file).catch(() => Buffer.alloc(0));
      hash.update(`${file.length}:${file}${bytes.length}:`).update(bytes);
    }
  }
  return hash.digest('hex');
}
