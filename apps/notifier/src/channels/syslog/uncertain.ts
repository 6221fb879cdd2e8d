/** What sender and receiver buffer together, as Linux is set up; what is older has been read. */
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_MESSAGES = 20_000;
/** Behind a connection that was closed or reset there was a receiver that read until a moment ago. */
const READ_MS = 60_000;
/** When packets vanish, Linux gives a connection up after 15 minutes or more, and what was written meanwhile with it. */
const UNREACHABLE_MS = 20 * 60_000;
const UNREACHABLE = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN']);

/** The last messages written on a connection, which may be lost when it breaks. */
export class Uncertain {
  #messages: { bytes: Buffer; at: number }[] = [];
  #bytes = 0;

  add(messages: readonly Buffer[], now: number): void {
    for (const bytes of messages) {
      this.#messages.push({ bytes, at: now });
      this.#bytes += bytes.length;
    }
    let gone = 0;
    for (const { bytes, at } of this.#messages) {
      const few = this.#messages.length - gone <= MAX_MESSAGES && this.#bytes <= MAX_BYTES;
      if (few && at > now - UNREACHABLE_MS) break;
      this.#bytes -= bytes.length;
      gone++;
    }
    this.#messages.splice(0, gone);
  }

  /** Those that may be lost with a connection that ended for this reason; nothing is remembered after that. */
  take(code: string, now: number): Buffer[] {
    const since = now - (UNREACHABLE.has(code) ? UNREACHABLE_MS : READ_MS);
    const taken = this.#messages.filter(({ at }) => at > since).map(({ bytes }) => bytes);
    this.#messages = [];
    this.#bytes = 0;
    return taken;
  }
}
