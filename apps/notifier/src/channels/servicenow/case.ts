import type { IncidentStatus } from '@tocsin/domain';
import { dropCase, getCase, putCase, type CaseStateName } from '@tocsin/store';
import type { ChannelDeps } from '../channel.js';

/**
 * What is remembered of the ticket of an incident:
 *
 * - `creating`: a request that makes it was sent, or is about to be; nobody knows yet whether there is one. Whoever finds this looks for
 *   the ticket first, and makes one only when a lost request can no longer make one.
 * - `open`: there is one, and it can be changed.
 * - `closed`: it has ended for good there. What recurs has a new ticket.
 * - `orphaned`: it is gone, or hidden from us. What recurs has a new ticket.
 */
export interface Case {
  state: 'creating' | 'open' | 'closed' | 'orphaned';
  /** Of `creating`: when the last request was sent, milliseconds since 1970. */
  at: number;
  /** 1, and more for each ticket of this incident before. */
  generation: number;
  sysId: string;
  number: string;
  /** The version of the incident that the ticket has, and its status then. */
  version: number;
  status: IncidentStatus;
  /** The ticket's state when it was last seen, as a number in text; and whether it was resolved then. */
  ticket: string;
  resolved: boolean;
  /** The delivery whose work note may be there or not. */
  doubt?: string;
  /** To whom the ticket was assigned when it was last told, and the ticket's count of changes then. */
  assignee?: string;
  assigneeAt?: string;
  /** Ids of the artefacts that a work note told of. */
  evidence?: string[];
}

/** The cases of a subscription, in the store. A change is kept only if nobody else made one in between. */
export class Cases {
  readonly #deps: Pick<ChannelDeps, 'store' | 'subscription' | 'now'>;
  readonly #urlOf: (sysId: string) => string;

  constructor(deps: Pick<ChannelDeps, 'store' | 'subscription' | 'now'>, urlOf: (sysId: string) => string) {
    this.#deps = deps;
    this.#urlOf = urlOf;
  }

  async get(incident: string): Promise<Held | undefined> {
    const row = await getCase(this.#deps.store.db, this.#deps.subscription, incident);
    if (row === undefined) return undefined;
    const value = JSON.parse(row.written) as Case;
    // Somebody mended what hid the ticket, and said that it is there again.
    const state = value.state === 'orphaned' && row.state !== 'orphaned' ? 'open' : value.state;
    return { value: { ...value, state }, text: row.written };
  }

  /** Undefined when somebody else changed it since it was read. */
  async put(incident: string, value: Case, before: Held | undefined): Promise<Held | undefined> {
    const { store, subscription, now } = this.#deps;
    const text = JSON.stringify(value);
    const { sysId, number, version } = value;
    const row = {
      subscription,
      subject: incident,
      state: stateOf(value),
      reference: sysId === '' ? undefined : sysId,
      name: number === '' ? undefined : number,
      url: sysId === '' ? undefined : this.#urlOf(sysId),
      reason: value.state === 'orphaned' ? `${number} is gone, or an ACL hides it` : '',
      version,
      written: text,
    };
    return (await putCase(store.db, row, before?.text, new Date(now()).toISOString())) ? { value, text } : undefined;
  }

  delete(incident: string): Promise<void> {
    return dropCase(this.#deps.store.db, { subscription: this.#deps.subscription, subject: incident });
  }
}

/** As the API shows it: a ticket that is resolved can still be reopened, but is done for people. */
function stateOf({ state, resolved }: Case): CaseStateName {
  return state === 'open' && resolved ? 'closed' : state;
}

export interface Held {
  value: Case;
  /** As it is stored. */
  text: string;
}
