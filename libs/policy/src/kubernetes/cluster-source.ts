import { ConfigErrors } from '@tocsin/extension';
import type { Reach } from '../namespaces/reach.js';
import type { HitsOf, PolicySource, SourceConfig, SourceListener, SourceLogger, SourceOptions } from '../sources/source.js';
import { ApiError, PolicyApi } from './api.js';
import { FollowedKind } from './follow.js';
import { judge, type Judgement, type Verdict } from './judge.js';
import { nameInForce, placeOf, type PolicyObject, type Version } from './policy-object.js';
import { statusOf, type Hits } from './status.js';

/** Objects that are applied together come one by one. */
const SETTLE_MS = 100;
/** Where there are very many, reading them all again takes its time; between two readings there is this many times as much for other work. */
const REST = 5;
/** How often what is written back is compared with what documents have come to. */
const HITS_EVERY_MS = 60_000;
const NEVER: Hits = { count: 0, last: null };
const CONFLICT = 409;
const NOT_FOUND = 404;

/** Policy documents that are objects of a cluster. */
export class ClusterSource<T> implements PolicySource<T> {
  readonly #options: SourceOptions<T>;
  readonly #api: PolicyApi;
  readonly #cluster: string;
  readonly #stopping = new AbortController();
  /** The last good version of each object by its uid. */
  #lastGood = new Map<string, Version>();
  #kinds: FollowedKind[] = [];
  #logger: SourceLogger | undefined;
  #listener: SourceListener<T> | undefined;
  #hitsOf: HitsOf | undefined;
  #timer: NodeJS.Timeout | undefined;
  #everyMinute: NodeJS.Timeout | undefined;
  /** What the listener was told last. */
  #told: { digest: string; valid: boolean } | undefined;
  #working: Promise<void> = Promise.resolve();
  /** The last judgement, and what it was made of. */
  #judged: { of: string; judgement: Judgement<T> } | undefined;
  /** How long it took. */
  #tookMs = 0;
  /** Told once, until it works again. */
  #cannotWrite = false;

  constructor(config: SourceConfig, options: SourceOptions<T>) {
    const { kubeconfig, namespace, namespaces } = config.policies;
    this.#options = options;
    this.#cluster = config.cluster;
    this.#api = PolicyApi.open({ kubeconfig, namespace }, namespaces === 'all');
  }

  async first(logger: SourceLogger): Promise<T> {
    this.#logger = logger;
    const { kinds } = this.#options;
    logger.info({ kinds, namespace: this.#api.namespace }, 'Reading policy objects from the cluster.');
    this.#kinds = kinds.map((kind) => new FollowedKind({ api: this.#api, kind, logger, onChanged: () => this.#soon() }));
    await Promise.all(this.#kinds.map(({ listed }) => listed));
    const { result, digest } = this.#judge();
    this.#told = { digest, valid: true };
    return result;
  }

  watch(listener: SourceListener<T>, hitsOf?: HitsOf): Promise<() => Promise<void>> {
    this.#listener = listener;
    this.#hitsOf = hitsOf;
    this.#everyMinute = setInterval(() => this.#soon(), HITS_EVERY_MS).unref();
    this.#soon();
    return Promise.resolve(() => this.#stop());
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    clearInterval(this.#everyMinute);
    await Promise.all(this.#kinds.map((kind) => kind.stop()));
    await this.#working;
  }

  /** Looks at everything once more when what is coming has come. */
  #soon(): void {
    if (this.#listener === undefined || this.#stopping.signal.aborted || this.#timer !== undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#working = this.#working.then(() => this.#look());
      },
      Math.max(SETTLE_MS, REST * this.#tookMs),
    ).unref();
  }

  #judge(): Judgement<T> {
    const objects = this.#kinds.flatMap((kind) => kind.objects);
    const of = contentOf(objects);
    // What we write back comes as a change of the object, too.
    if (this.#judged?.of === of) return this.#judged.judgement;
    const { schemas, interpret } = this.#options;
    const began = performance.now();
    const judgement = judge(objects, { schemas, interpret, lastGood: this.#lastGood, reachOf: (object) => this.#reachOf(object) });
    this.#tookMs = performance.now() - began;
    this.#judged = { of, judgement };
    const good = judgement.verdicts.flatMap(({ object, inForce }) => (inForce === undefined ? [] : [[object.metadata.uid, inForce] as const]));
    this.#lastGood = new Map(good);
    return judgement;
  }

  /** The objects as they are now, with what was found of them. */
  #current(verdicts: readonly Verdict[]): Verdict[] {
    const objects = new Map(this.#kinds.flatMap((kind) => kind.objects.map((object) => [object.metadata.uid, object] as const)));
    return verdicts.flatMap((verdict) => {
      const object = objects.get(verdict.object.metadata.uid);
      // One that has changed meanwhile is judged anew first.
      return object?.metadata.generation === verdict.object.metadata.generation ? [{ ...verdict, object }] : [];
    });
  }

  /** Documents of Tocsin's own namespace are everybody's. */
  #reachOf({ metadata: { namespace } }: PolicyObject): Reach | undefined {
    return namespace === this.#api.namespace ? undefined : { cluster: this.#cluster, namespace };
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    try {
      const { result, verdicts, digest } = this.#judge();
      this.#tell(result, verdicts, digest);
      await this.#writeBack(this.#current(verdicts));
    } catch (error) {
      // What no object is to blame for, such as a mistake in the configuration.
      this.#listener?.onInvalid(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #tell(result: T, verdicts: readonly Verdict[], digest: string): void {
    const broken = verdicts.filter(({ mistakes }) => mistakes.length > 0);
    const unread = this.#kinds.flatMap(({ kind, unreadable }) =>
      unreadable === undefined ? [] : [{ file: 'kubernetes', path: kind, message: `cannot be read: ${unreadable.message}` }],
    );
    const valid = broken.length === 0 && unread.length === 0;
    if (this.#told?.digest !== digest || (valid && !this.#told.valid)) this.#listener?.onValid(result);
    this.#told = { digest, valid };
    if (valid) return;
    const issues = broken.flatMap(({ object, mistakes }) => mistakes.map((message) => ({ file: placeOf(object), path: '', message })));
    this.#listener?.onInvalid(new ConfigErrors([...unread, ...issues]));
  }

  async #writeBack(verdicts: readonly Verdict[]): Promise<void> {
    // They are told with the next change, or a minute later.
    const hits = await this.#hitsOf?.read().catch(() => undefined);
    const now = new Date().toISOString();
    for (const verdict of verdicts) {
      const { object } = verdict;
      const own = hits?.get(nameInForce(object, this.#reachOf(object))) ?? NEVER;
      const status = statusOf(verdict, hits !== undefined && object.kind === this.#hitsOf?.kind ? own : undefined, now);
      if (status === undefined || this.#stopping.signal.aborted) continue;
      try {
        await this.#api.replaceStatus(object, status, this.#stopping.signal);
        this.#cannotWrite = false;
      } catch (error) {
        this.#onWriteFailed(error, placeOf(object));
      }
    }
  }

  #onWriteFailed(error: unknown, object: string): void {
    // Somebody else was faster, or it is gone: what has changed comes by the watch.
    if (error instanceof ApiError && (error.status === CONFLICT || error.status === NOT_FOUND)) return;
    if (this.#stopping.signal.aborted) return;
    if (!this.#cannotWrite) this.#logger?.warn({ object, err: error }, 'The status of a policy object could not be written, will retry.');
    this.#cannotWrite = true;
  }
}

/** What a judgement depends on; `spec` is as the generation says. */
function contentOf(objects: readonly PolicyObject[]): string {
  const lines = objects.map(({ metadata: { uid, generation, labels, annotations } }) => JSON.stringify([uid, generation, labels, annotations]));
  return lines.toSorted().join('\n');
}
