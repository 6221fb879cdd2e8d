import { isDeepStrictEqual } from 'node:util';
import type { Subscription as SubscriptionDocument } from '@tocsin/policy';
import type { Channel } from '../channels/channel.js';
import type { Subscription } from './subscription.js';

/** Names, by what became of them. */
export interface Changes {
  started: string[];
  /** Their documents changed. Each goes on in its own consumer group, where it was. */
  restarted: string[];
  stopped: string[];
}

/** The subscriptions that this process serves. Calls MUST NOT overlap. */
export class Subscriptions {
  readonly #create: (document: SubscriptionDocument) => Subscription;
  readonly #served = new Map<string, { document: SubscriptionDocument; subscription: Subscription }>();

  constructor(create: (document: SubscriptionDocument) => Subscription) {
    this.#create = create;
  }

  channelOf(name: string): Channel | undefined {
    return this.#served.get(name)?.subscription.channel;
  }

  get names(): string[] {
    return [...this.#served.keys()];
  }

  /**
   * Serves these documents and no others; those that are served already as they are go on untouched. Resolves to what
   * changed, undefined when nothing did. Rejects when something went wrong, after all else was done: another call with
   * the same documents does what is left.
   */
  async apply(documents: readonly SubscriptionDocument[]): Promise<Changes | undefined> {
    const wanted = new Map(documents.filter(({ spec }) => spec.enabled).map((document) => [document.metadata.name, document]));
    const changes: Changes = { started: [], restarted: [], stopped: [] };
    const work: Promise<void>[] = [];
    for (const [name, { document }] of this.#served) {
      const now = wanted.get(name);
      if (now === undefined) {
        changes.stopped.push(name);
        work.push(this.#stop(name));
      } else if (!isDeepStrictEqual(now.spec, document.spec)) {
        changes.restarted.push(name);
        work.push(this.#stop(name).then(() => this.#start(now)));
      }
    }
    for (const [name, document] of wanted) {
      if (this.#served.has(name)) continue;
      changes.started.push(name);
      work.push(this.#start(document));
    }
    await all(work);
    return work.length === 0 ? undefined : changes;
  }

  async stop(): Promise<void> {
    await all(this.names.map((name) => this.#stop(name)));
  }

  async #start(document: SubscriptionDocument): Promise<void> {
    const subscription = this.#create(document);
    try {
      await subscription.start();
    } catch (error) {
      await subscription.stop();
      throw error;
    }
    this.#served.set(document.metadata.name, { document, subscription });
  }

  async #stop(name: string): Promise<void> {
    try {
      await this.#served.get(name)?.subscription.stop();
    } finally {
      this.#served.delete(name);
    }
  }
}

async function all(work: readonly Promise<void>[]): Promise<void> {
  const errors = (await Promise.allSettled(work)).flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, `${errors.length} subscriptions failed to start or stop.`);
}
