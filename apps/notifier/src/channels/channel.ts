import type { ActionCommandBody, IncidentCommandBody, Violation } from '@tocsin/domain';
import type { Extension } from '@tocsin/extension';
import type { Subscription } from '@tocsin/policy';
import type { Logger } from '@tocsin/runtime';
import type { Store } from '@tocsin/store';
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
  /** The events that it can tell, as a Subscription names them; all when absent. A Subscription of others is refused. */
  tells?: readonly Subscription['spec']['events'][];
  /** Whether people read it as it comes: storms are told by their counts then, unless a Subscription says otherwise. */
  forPeople?: boolean;
  /**
   * That Subscriptions of namespaces of a cluster may choose it, without those keys. It MUST reach nothing but what its addresses name,
   * by `egress`, and let nobody command anything. Absent: only those in Tocsin's own namespace may.
   */
  forNamespaces?: { withheld: readonly string[] };
}

export interface ChannelDeps {
  egress: Egress;
  /** Milliseconds since 1970. */
  now(): number;
  logger: Logger;
  /** Name of the subscription that the channel is created for. */
  subscription: string;
  memory: ChannelMemory;
  /** What keeps one case per incident, for channels to ticket systems. */
  store: Store;
  /** This process, and no other: who has a case for a while. */
  process: string;
  /** Where people reach the console and the API, without a trailing slash; undefined where it is not configured. */
  publicUrl: string | undefined;
  /** The bytes of an artefact that an action collected, which is put on record; undefined where it is gone or damaged. */
  evidence(id: string): Promise<Buffer | undefined>;
  /** Tells people, by whatever channels there are, what they have to look after. Resolves when it is kept. */
  notice(notice: Notice): Promise<void>;
}

/** What Tocsin itself has to say; it becomes a violation of the source `tocsin`, of which built-in rules make incidents. */
export interface Notice {
  /** One of few: incidents are grouped by it. */
  name: string;
  message: string;
  severityId: Violation['severity_id'];
  /** Two notices with the same name and identity are one. */
  identity: string;
  labels: Readonly<Record<string, string>>;
}

/**
 * Small durable facts of one subscription, for example which message at the receiver tells of which incident. All replicas
 * share them. Rejects with a transient error while the database is away.
 */
export interface ChannelMemory {
  get(name: string): Promise<string | undefined>;
  /** Sets it where it now is `expected` (undefined: where it is not set); false, with nothing changed, where it is not. */
  put(name: string, value: string, expected: string | undefined): Promise<boolean>;
  delete(name: string): Promise<void>;
}

export interface Channel {
  /**
   * `each`: one delivery per call. `stream`: a batch per call, to be sent in its order. Either way calls MAY overlap:
   * partitions know nothing of each other.
   */
  readonly takes: 'each' | 'stream';
  /** It never looks at `data` of a delivery, so that nobody need parse it. */
  readonly contentOnly?: true;
  send(batch: readonly Delivery[], signal: AbortSignal): Promise<Outcome[]>;
  /**
   * What the receiver says back, at `POST /v1/callbacks/<subscription>`. It MUST find out who says it before it believes
   * anything, and MUST NOT throw for what a stranger may send. May be called several times with the same request, and concurrently.
   */
  receive?(request: Callback): Promise<Reply>;
  /** For receivers that cannot call: what they said since the last time. One replica at a time runs it. */
  poll?: { everyMs: number; run(signal: AbortSignal): Promise<readonly SaidBack[]> };
  /** What `tocsin check --live` asks the receiver about: it MUST NOT write anything there, nor use the store. */
  check?(signal: AbortSignal): Promise<readonly Finding[]>;
  close(): Promise<void>;
}

/** One thing about a receiver that was looked at. */
export interface Finding {
  /** A word or two: `login`, `fields`. */
  what: string;
  ok: boolean;
  /** What was found; where it is not well, also what to do. Never a secret. */
  message: string;
}

/** A request of the receiver, as it came. */
export interface Callback {
  /** By lower case name; of repeated ones the first. */
  headers: Readonly<Record<string, string | undefined>>;
  query: Readonly<Record<string, string | undefined>>;
  body: Buffer;
}

export interface Reply {
  status: number;
  /** Sent with `mediaType`, `application/json` by default. */
  body?: string;
  mediaType?: string;
  /** On the log before the reply is sent. */
  commands: readonly SaidBack[];
}

/** A command of somebody at the receiver. */
export type SaidBack = {
  /** The same when it is said again, so that a repeat has no second effect. */
  id: string;
  /** Who says it, as the receiver knows them. */
  actor: string;
  /** RFC 3339 UTC. */
  time: string;
} & ({ incident: string; body: IncidentCommandBody } | { action: string; body: ActionCommandBody; teams?: string[] });

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
      /** Whom it is asked of: this delivery's key alone, or everything of the subscription (the default). */
      scope?: 'delivery' | 'subscription';
    };
