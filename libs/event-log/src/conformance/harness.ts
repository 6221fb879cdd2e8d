import type { EventLog } from '../port.js';

/** The groups of cases; a driver that cannot run one says why, and the reason stands in the name of the skipped test. */
export type ConformanceArea =
  | 'topics'
  | 'append'
  | 'consume'
  | 'retry'
  | 'back-pressure'
  | 'groups'
  | 'rebalance'
  | 'stop'
  | 'crash'
  | 'broker-restart';

/** What a driver gives so that the suite can run on it. All handles and child processes MUST reach the same log. */
export interface ConformanceHarness {
  /** Runs once before the first case, for example to start a broker. */
  setup?(): Promise<void>;
  /** Runs once after the last case. The suite has closed every log it opened. */
  teardown?(): Promise<void>;
  /**
   * Another client of the same log, as another service would have. Called several times by one case. The suite
   * closes each. A member that dies should be noticed within seconds: choose short session timeouts.
   */
  open(): Promise<EventLog>;
  /** Creates a topic that no other case uses and resolves with its name, ready to be written and read. */
  topic(partitions: number, options?: { retentionMs?: number }): Promise<string>;
  /** A name that no other case uses, for groups and for topics that must not exist. */
  uniqueName(prefix: string): string;
  /** A record whose value has more bytes is refused with `RecordTooLarge`; one with 1 KiB less is taken. */
  maxRecordBytes: number;
  /**
   * The most bytes that a consumer may hold fetched beyond the batches being handled, for one partition.
   * Default 4 MiB.
   */
  maxPrefetchBytes?: number;
  /**
   * How a child process opens the same log: the absolute path of a TypeScript module that exports
   * `openLog: OpenLog`, and the text it is called with. The child runs by Node's type stripping, so the module and all
   * it imports MUST be free of enums, parameter properties and decorators. Asked after `setup`. The suite closes its own
   * handles before it starts a child, since an embedded log belongs to one process.
   */
  child(): { module: string; settings: string };
  /** Stops the broker hard and starts it again with its data; resolves when it answers. */
  restartBroker?(): Promise<void>;
  /** Areas that make no sense for this driver, each with the reason. */
  skip?: Partial<Record<ConformanceArea, string>>;
  /** Time limit of one case. Default 60,000. */
  timeoutMs?: number;
}

/** What the child's module exports under the name `openLog`. */
export type OpenLog = (settings: string) => Promise<EventLog>;
