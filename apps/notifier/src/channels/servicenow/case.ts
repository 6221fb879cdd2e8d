import type { IncidentStatus } from '@tocsin/domain';
import type { ChannelMemory } from '../channel.js';

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
}

/** The cases of a subscription, in the store. A change is kept only if nobody else made one in between. */
export class Cases {
  readonly #memory: ChannelMemory;

  constructor(memory: ChannelMemory) {
    this.#memory = memory;
  }

  async get(incident: string): Promise<Held | undefined> {
    const text = await this.#memory.get(nameOf(incident));
    return text === undefined ? undefined : { value: JSON.parse(text) as Case, text };
  }

  /** Undefined when somebody else changed it since it was read. */
  async put(incident: string, value: Case, before: Held | undefined): Promise<Held | undefined> {
    const text = JSON.stringify(value);
    return (await this.#memory.put(nameOf(incident), text, before?.text)) ? { value, text } : undefined;
  }

  delete(incident: string): Promise<void> {
    return this.#memory.delete(nameOf(incident));
  }
}

export interface Held {
  value: Case;
  /** As it is stored. */
  text: string;
}

function nameOf(incident: string): string {
  return `case/${incident}`;
}
