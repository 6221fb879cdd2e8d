import type { Action, Digest, Incident, Violation } from '@tocsin/domain';
import type { Extension } from '@tocsin/extension';
import type { EventVariable } from '@tocsin/policy';

/**
 * The extension point *format*: how an event is written, where the channel leaves that open.
 *
 * The contract, held by `contract.ts`:
 * - `write` is pure: the same event gives the same bytes. It throws nothing but `FormatError`.
 * - Text of an attacker's choosing (names of processes, files and pods, command lines) MUST NOT leave its field: neither
 *   end it, nor begin another one, nor another message.
 * - The event's id MUST be in what is written; a template may do without.
 */
export interface FormatKind<Config = unknown> extends Extension<Config, void, Format> {
  /** What is wrong with the configuration for events of that kind, which its schema cannot know. */
  check?(config: Config, variable: EventVariable): { path: string[]; message: string }[];
}

export interface Format {
  /** It writes `body` as it is. */
  asItIs?: boolean;
  write(event: FormatInput): Content;
}

/** What a subscription is told of, as its kind says, or a digest of many. */
export type Told =
  | { events: 'violations'; data: Violation }
  | { events: 'incidents'; data: Incident }
  | { events: 'actions'; data: Action }
  | { events: 'digests'; data: Digest };

export type FormatInput = Told & {
  /** CloudEvents attributes, as on the log. */
  attributes: { id: string; type: string; source: string; time: string };
  /** `data` as JSON, as on the log. */
  body: Buffer;
};

export interface Content {
  /** Media type. */
  mediaType: string;
  body: Buffer;
}

/** This event cannot be written in this format, now or later; the message is for people and holds no secrets. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}
