import type { DynamicModule } from '@nestjs/common';
import type { AssignmentLifecycle } from '@tocsin/event-log/nest';
import type { z } from 'zod';
import type { AppName, CommonConfig } from './config.js';
import type { Runtime } from './runtime.js';

/**
 * One app as a process runs it: alone in a service, or with others in standalone. Life of a part:
 *
 * 1. `plan` reads and checks files (its section, its policy documents). Nothing is connected yet, so that every
 *    configuration error of all parts can be shown at once. Throws `ConfigErrors`.
 * 2. the planned function builds the part on the connected runtime; it has no effect outside yet.
 * 3. `start`, after HTTP listens and the consumers of `@EventPattern` handlers run.
 * 4. `stop`, in reverse order, before the log and the store close.
 */
export interface AppPart<Config = unknown> {
  name: AppName;
  config: z.ZodType<Config>;
  /** False for a part that needs no database. */
  needsStore: boolean;
  plan(config: Config, common: CommonConfig): Promise<(runtime: Runtime) => Promise<RunningPart>>;
}

export interface RunningPart {
  module: DynamicModule;
  /** What consumer groups of `@EventPattern` handlers do when they get or lose a partition. */
  lifecycle?: Record<string, AssignmentLifecycle>;
  start?(): Promise<void>;
  stop?(): Promise<void>;
}
