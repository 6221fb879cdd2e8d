/** What sender and receiver buffer together, as Linux is set up: at least so much is remembered, and what is older has been read. */
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_MESSAGES = 20_000;
/** Behind a connection that was closed or reset there was a receiver that read until a moment ago. */
const READ_MS = 60_000;
/** When packets vanish, Linux gives a connection up after 15 minutes or more, and what was written meanwhile with it. */
const UNREACHABLE_MS = 20 * 60_000;
const UNREACHABLE = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN']);

/** What was written at once. */
export interface Written {
  bytes: Buffer;
  messages: number;
}

/** The last messages written on a connection, which may be lost when it breaks. */
export class Uncertain {
  #written: (Written & { at: number })[] = [];
  #messages = 0;
  #bytes = 0;

  add(written: readonly Written[], now: number): void {
    for (const { bytes, messages } of written) {
      this.#written.push({ bytes, messages, at: now });
      this.#messages += messages;
      this.#bytes += bytes.length;
    }
    let gone = 0;
    for (const { bytes, messages, at } of this.#written) {
      const enough = this.#messages - messages >= MAX_MESSAGES || this.#bytes - bytes.length >= MAX_BYTES;
      if (!enough && at > now - UNREACHABLE_MS) break;
      this.#messages -= messages;
      this.#bytes -= bytes.length;
      gone++;
    }
    this.#written.splice(0, gone);
  }

  /** Those that may be lost with a connection that ended for this reason; nothing is remembered after that. */
  take(code: string, now: number): Written[] {
    const since = now - (UNREACHABLE.has(code) ? UNREACHABLE_MS : READ_MS);
    const taken = this.#written.filter(({ at }) => at > since).map(({ bytes, messages }) => ({ bytes, messages }));
    this.#written = [];
    this.#messages = 0;
    this.#bytes = 0;
    return taken;
  }
}
