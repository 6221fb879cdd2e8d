import type { SyslogMessage } from '@tocsin/syslog';
import type { Extension } from '@tocsin/extension';
import type { Violation } from '@tocsin/domain';

/**
 * The extension point *source adapter*: turns what one kind of sensor sends into violations. The contract, held by
 * `contract.ts`:
 * - `decode` MUST be pure: no clock, no randomness, no I/O. The same body gives the same ids, whenever it comes.
 * - It MUST throw nothing but `BadInput`, and only where the body as a whole cannot be read. A bad item among good
 *   ones is an entry of its own, so that it takes no other with it.
 * - Bodies are attacker-influenced: every string of a violation MUST be bounded, which `finish` in draft.ts sees to.
 */
export interface Source<Config = unknown> extends Extension<Config, undefined, Decoder> {
  /** Media types it takes over HTTP, without parameters; a request without one is taken as well. */
  contentTypes: readonly string[];
  /**
   * The sensor cannot send an `Authorization` header, so that its token may stand in the URL as `?token=`.
   * Only for such sensors: URLs end up in the logs of proxies.
   */
  tokenInQuery?: true;
  /** Names that may follow as `?mapping=`; absent where the adapter knows none. */
  mappings?(config: Config): readonly string[];
  /** What `decode` gets of a syslog message; default is its free-form part. */
  fromSyslog?(message: SyslogMessage): Buffer;
}

export interface Decoder {
  decode(body: Buffer, received: Received): Decoded;
}

export interface Received {
  /** Milliseconds since 1970. Never part of an id. */
  timeMs: number;
  /** The media type without parameters, in lower case; empty when none was given. */
  contentType: string;
  /** Lower-cased names; only `ce-*`. */
  headers: Readonly<Record<string, string>>;
  /** Stands in where the sensor does not name its cluster. */
  cluster: string;
  /** A name of the adapter's own, from `?mapping=` or the configuration. */
  mapping?: string;
  limits: ItemLimits;
}

export interface ItemLimits {
  /** Items in one body. */
  maxItems: number;
  /** Objects and arrays within each other. */
  maxDepth: number;
}

/** One entry per item, in the body's order. */
export type Decoded = readonly Entry[];
export type Entry = Violation | BadInput;

export interface BadInputDetails {
  /** Position of the item in the body. */
  index?: number;
  /** Path of the field that is wrong; empty for the item as a whole. */
  field?: string;
  /** The item's bytes, for the dead letters; the whole body where absent. */
  bytes?: Buffer;
  /** Default `bad_input`. `internal` is for the pipeline: the adapter itself failed. */
  reason?: BadInputReason;
}

export type BadInputReason = 'bad_input' | 'too_large' | 'internal';

/** What came is not what the adapter can read. The message says what was found and what was expected. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
  readonly index: number;
  readonly field: string;
  readonly bytes: Buffer | undefined;
  readonly reason: BadInputReason;
  constructor(message: string, details: BadInputDetails = {}) {
    super(message);
    this.index = details.index ?? 0;
    this.field = details.field ?? '';
    this.bytes = details.bytes;
    this.reason = details.reason ?? 'bad_input';
  }
}

/** Decodes each item by itself: what one throws becomes its entry. */
export function decodeEach(items: readonly Buffer[], decodeItem: (bytes: Buffer, index: number) => Violation): Entry[] {
  return items.map((bytes, index) => {
    try {
      return decodeItem(bytes, index);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      return new BadInput(error.message, { index, field: error.field, bytes, reason: error.reason });
    }
  });
}
