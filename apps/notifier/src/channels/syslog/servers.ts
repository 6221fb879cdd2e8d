import type { Server } from './config.js';

/** Which server to use: the first one of the list that has not failed of late. */
export class Servers {
  readonly #all: readonly Server[];
  readonly #holdMs: number;
  readonly #failedAt = new Map<Server, number>();

  constructor(servers: readonly Server[], holdMs: number) {
    this.#all = servers;
    this.#holdMs = holdMs;
  }

  failed(server: Server, now: number): void {
    this.#failedAt.set(server, now);
  }

  /** In the order in which they are to be tried: those that are not held back, then those that failed longest ago. */
  order(now: number): Server[] {
    const heldSince = (server: Server): number => {
      const failedAt = this.#failedAt.get(server);
      return failedAt === undefined || now - failedAt >= this.#holdMs ? -Infinity : failedAt;
    };
    // Sorting is stable, so that servers that are not held back keep the order of the list.
    return this.#all.toSorted((a, b) => (heldSince(a) < heldSince(b) ? -1 : Number(heldSince(a) > heldSince(b))));
  }

  /** The one that is to be used now. */
  preferred(now: number): Server {
    return this.order(now)[0] as Server;
  }
}
