import { duration } from '@tocsin/extension';
import { z } from 'zod';

/** Section `correlator` of tocsin.yaml. */
export const correlatorConfig = z.strictObject({
  /** Whether the rules that come with Tocsin are in force; a document of the same name replaces one. */
  builtinRules: z.boolean().default(true),
  /** How far out of order violations may come and still be counted exactly; what comes later is counted and marked late. */
  grace: duration.prefault('5m'),
  /** How many records back, per partition, a repeated id is recognised. About 100 bytes of memory each. */
  rememberIds: z.number().int().min(100).max(1_000_000).default(20_000),
  /** Bound on the groups that one rule keeps per partition; beyond it the least recently changed is dropped. */
  maxGroupsPerRule: z.number().int().min(10).max(10_000_000).default(100_000),
  /** Bound on the new groups that one rule takes per partition and minute; matches of more are not counted. */
  newGroupsPerMinute: z.number().int().min(10).max(100_000_000).default(60_000),
  /** Bound on the memory that the state of all rules takes in this process, mebibytes; beyond it the least recently changed of the largest rule is dropped. */
  stateBudgetMb: z.number().int().min(8).max(1_048_576).default(512),
  /** How long what is over is kept in the database, in days. */
  retentionDays: z
    .strictObject({
      /** After they were resolved. At least as long as any rule's `reopenWithin`, and as the log holds violations. */
      incidents: z.number().int().min(31).max(36_500).default(365),
      /** Those in the trail of an incident are kept as long as that. */
      violations: z.number().int().min(1).max(36_500).default(30),
      deadLetters: z.number().int().min(1).max(36_500).default(90),
      /** After their end. */
      silences: z.number().int().min(1).max(36_500).default(365),
      /** What came of commands; longer than the log holds commands, so that none has its effect twice. */
      commands: z.number().int().min(91).max(36_500).default(100),
    })
    .prefault({}),
});

export type CorrelatorConfig = z.infer<typeof correlatorConfig>;
