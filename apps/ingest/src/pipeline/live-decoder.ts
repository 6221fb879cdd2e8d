import type { Decoded, Decoder, Received } from '../sources/source.js';

/** A decoder that can be replaced while it is in use: each body is read by the one that is there when it comes. */
export class LiveDecoder implements Decoder {
  #current: Decoder;

  constructor(current: Decoder) {
    this.#current = current;
  }

  replace(next: Decoder): void {
    this.#current = next;
  }

  decode(body: Buffer, received: Received): Decoded {
    return this.#current.decode(body, received);
  }
}
