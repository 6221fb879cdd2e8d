import { duration } from '@tocsin/extension';
import { z } from 'zod';

/** Section `correlator` of tocsin.yaml. */
export const correlatorConfig = z.strictObject({
  /** Whether the rules that come with Tocsin are in force; a document of the same name replaces one. */
  builtinRules: z.boolean().default(true),
  /** How far out of order violations may come and still be counted exactly; what comes later is counted and marked late. */
  grace: duration.default(5 * 60_000),
  /** How many records back, per partition, a repeated id is recognised. About 100 bytes of memory each. */
  rememberIds: z.number().int().min(100).max(1_000_000).default(20_000),
  /** Bound on the groups that one rule keeps per partition; beyond it the least recently changed is dropped. */
  maxGroupsPerRule: z.number().int().min(10).max(10_000_000).default(100_000),
  /** Bound on the new groups that one rule takes per partition and minute; matches of more are not counted. */
  newGroupsPerMinute: z.number().int().min(10).max(100_000_000).default(60_000),
  /** Bound on the memory that the state of all rules takes in this process, mebibytes; beyond it the least recently changed of the largest rule is dropped. */
  stateBudgetMb: z.number().int().min(8).max(1_048_576).default(512),
});

export type CorrelatorConfig = z.infer<typeof correlatorConfig>;
