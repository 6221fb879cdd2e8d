import type { Extension } from '@tocsin/extension';
import type { Egress } from './egress.js';

/**
 * The extension point *channel*: one way out. Grouping, retry, order and the record of what was delivered live in the
 * pipeline; a channel makes one attempt and says how it went.
 *
 * The contract, held by `contract.ts`:
 * - `send` MUST NOT throw and MUST NOT retry; it gives one outcome per delivery, in their order.
 * - `ok` MUST mean that the receiver has it, as far as its protocol can tell.
 * - It MUST end soon after the signal aborts, and within its own time limit.
 * - The delivery's id MUST reach the receiver, which may get a delivery twice.
 * - Messages MUST NOT hold secrets: no credentials, no query strings.
 */
export interface ChannelKind<Config = unknown> extends Extension<Config, ChannelDeps, Channel> {
  /** Whether it sends `content`; without, its messages have a shape of its own, and a Subscription that names a format is refused. */
  takesFormat?: boolean;
}

export interface ChannelDeps {
  egress: Egress;
  /** Milliseconds since 1970. */
  now(): number;
}

export interface Channel {
  /**
   * `each`: one delivery per call. `stream`: a batch per call, to be sent in its order. Either way calls MAY overlap:
   * partitions know nothing of each other.
   */
  readonly takes: 'each' | 'stream';
  send(batch: readonly Delivery[], signal: AbortSignal): Promise<Outcome[]>;
  close(): Promise<void>;
}

export interface Delivery {
  /** The same for every attempt and after every restart: the receiver's idempotency key. */
  id: string;
  /** Name of the subscription. */
  subscription: string;
  /** 1, and more for each attempt before that this process knows of. */
  attempt: number;
  event: {
    /** CloudEvents id and type, as on the log. */
    id: string;
    type: string;
    /** CloudEvents source. */
    source: string;
    /** RFC 3339 UTC. */
    time: string;
    severityId: number;
  };
  /** A violation, an incident or an action, as the subscription says. */
  data: object;
  /** `data` as JSON, as on the log. */
  body: Buffer;
  /** The event as the subscription's format writes it. */
  content: { format: string; mediaType: string; body: Buffer };
}

/** Why a delivery failed; a closed list, also a metric label. */
export type FailureReason =
  | 'timeout'
  | 'connection'
  | 'rate_limited'
  | 'server_error'
  | 'client_error'
  | 'auth'
  | 'redirected'
  | 'gone'
  | 'too_large'
  | 'blocked'
  /** The event could not be written in the subscription's format. */
  | 'format'
  | 'config';

export type Outcome =
  | { ok: true }
  | {
      ok: false;
      /** Whether the same delivery may succeed later. */
      retry: boolean;
      reason: FailureReason;
      /** For people; no secrets. */
      message: string;
      /** What the receiver asked for, milliseconds. */
      afterMs?: number;
    };
