import type { Logger } from '@tocsin/runtime';
import { isFinal } from '@tocsin/domain';
import type { AnyAction, Found } from '../action.js';
import { iso } from '../lifecycle/lifecycle.js';
import type { Records } from './records.js';

export interface ReconcileDeps<Deps = unknown> {
  records: Records;
  actions: ReadonlyMap<string, AnyAction<Deps>>;
  deps: Deps;
  clusters(): readonly string[];
  now(): number;
  logger: Logger;
  timeoutMs: number;
}

/**
 * Compares what stands in the clusters with what is on record, and takes away what nothing on record stands for: an effect that
 * landed late, after its action was undone, or one whose record was lost with a database. Leases that are over end by the
 * runner; this is for what the runner cannot know of.
 */
export class Reconciler<Deps = unknown> {
  readonly #deps: ReconcileDeps<Deps>;
  /** Marks that nothing stood for the last time: an action may be between its effect and its record, so that once is not enough. */
  #suspects = new Set<string>();

  constructor(deps: ReconcileDeps<Deps>) {
    this.#deps = deps;
  }

  /** One round over all clusters; resolves to how many marks were released. */
  async round(): Promise<number> {
    const { actions, clusters, deps, logger, timeoutMs } = this.#deps;
    const suspects = new Set<string>();
    let released = 0;
    for (const cluster of clusters()) {
      for (const { type, find } of actions.values()) {
        if (find === undefined) continue;
        try {
          for (const found of await find(cluster, deps, AbortSignal.timeout(timeoutMs))) {
            if (await this.#look(`${cluster}/${type}/${found.actionId}/${found.where}`, cluster, found, suspects)) released += 1;
          }
        } catch (error) {
          logger.warn({ err: error, cluster, type }, 'What stands in the cluster could not be compared with the record; it is tried again.');
        }
      }
    }
    this.#suspects = suspects;
    return released;
  }

  async #look(key: string, cluster: string, found: Found, suspects: Set<string>): Promise<boolean> {
    const { records, now, logger, timeoutMs } = this.#deps;
    const record = await records.get(found.actionId);
    const state = record?.action.state;
    if (record?.holds === true || (state !== undefined && !isFinal(state))) return false;
    if (!this.#suspects.has(key)) {
      suspects.add(key);
      return false;
    }
    const { message } = await found.release({ signal: AbortSignal.timeout(timeoutMs), now });
    const detail = { cluster, where: found.where, state: state ?? 'unknown', message };
    logger.warn({ action: found.actionId, ...detail }, 'Something stood in the cluster that no action on record stands for; it was taken away.');
    await records.change((tx) => tx.audit([{ time: iso(now()), actor: 'tocsin', event: 'mark.released', subject: found.actionId, detail }]));
    return true;
  }
}
