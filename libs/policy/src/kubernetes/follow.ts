import { setTimeout as delay } from 'node:timers/promises';
import type { PolicyKind } from '../kinds/resources.js';
import type { SourceLogger } from '../sources/source.js';
import { ApiError, type PolicyApi, type WatchEvent } from './api.js';
import type { PolicyObject } from './policy-object.js';

/** After this long all objects are read anew, so that nothing that a watch missed is missed for ever. */
const RESYNC_MS = 5 * 60_000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 15_000;
/** So many attempts in a row, which take some seconds, are no hiccup any more. */
const UNREADABLE_AFTER = 5;
/** `410 Gone`: the version to go on from is known no more. */
const GONE = 410;

export interface FollowOptions {
  api: PolicyApi;
  kind: PolicyKind;
  logger: SourceLogger;
  /** Something is there, changed or gone; also after each reading of all, and when they cannot be read any more. */
  onChanged(): void;
}

/**
 * The objects of one kind as the cluster has them, by a list and then a watch from there; both are tried again for as long as it takes.
 * While the cluster does not answer, they are what they were.
 */
export class FollowedKind {
  readonly #options: FollowOptions;
  readonly #stopping = new AbortController();
  readonly #listed = Promise.withResolvers<void>();
  readonly #running: Promise<void>;
  #objects = new Map<string, PolicyObject>();
  #failures = 0;
  #unreadable: Error | undefined;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#running = this.#run(this.#stopping.signal);
  }

  get kind(): PolicyKind {
    return this.#options.kind;
  }

  /** When all have been read once. */
  get listed(): Promise<void> {
    return this.#listed.promise;
  }

  /** Why they cannot be read for some time now. */
  get unreadable(): Error | undefined {
    return this.#unreadable;
  }

  get objects(): PolicyObject[] {
    return [...this.#objects.values()];
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { kind, logger, onChanged } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        // What has expired is read anew at once; all else waits for a server that may be starting.
        if (error instanceof ApiError && error.status === GONE) continue;
        if (this.#failures === 0) logger.warn({ kind, err: error }, 'Policy objects cannot be read, will retry; those in force stay.');
        if (this.#failures === UNREADABLE_AFTER) {
          this.#unreadable = error instanceof Error ? error : new Error(String(error));
          onChanged();
        }
        await pause(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures++, 10)), signal);
      }
    }
  }

  /** Reads all, and then what changes; returns when it is time to read all again. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { api, kind, logger, onChanged } = this.#options;
    const { items, resourceVersion } = await api.list(kind, signal);
    if (this.#failures > 0) logger.info({ kind }, 'Policy objects can be read again.');
    this.#failures = 0;
    this.#unreadable = undefined;
    this.#objects = new Map(items.map((object) => [object.metadata.uid, object]));
    this.#listed.resolve();
    onChanged();
    const until = performance.now() + RESYNC_MS;
    let from = resourceVersion;
    while (!signal.aborted && performance.now() < until) {
      const before = from;
      for await (const event of api.watch(kind, from, signal)) from = this.#take(event);
      // A server that ends watches at once is not to be asked without pause.
      if (from === before) await pause(FIRST_RETRY_MS, signal);
    }
  }

  /** The version to go on from. */
  #take(event: WatchEvent): string {
    if (event.type === 'ERROR') throw new ApiError(event.object.code ?? 0, event.object.message ?? 'The watch failed.');
    const { resourceVersion } = event.object.metadata;
    if (event.type === 'BOOKMARK') return resourceVersion;
    const { kind, onChanged } = this.#options;
    if (event.type === 'DELETED') this.#objects.delete(event.object.metadata.uid);
    else this.#objects.set(event.object.metadata.uid, { ...event.object, kind });
    onChanged();
    return resourceVersion;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // It keeps a process alive that has nothing else yet.
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
