import type { EventLog } from '@tocsin/event-log';
import type { Store } from '@tocsin/store';
import type { Registry } from 'prom-client';
import type { CommonConfig } from './config.js';
import type { Logger } from './logger.js';

/** The wall clock, so that tests can set it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** What code passes to an app: the process's shared parts. */
export interface Runtime {
  config: CommonConfig;
  logger: Logger;
  metrics: Registry;
  log: EventLog;
  store: Store;
  clock: Clock;
}
