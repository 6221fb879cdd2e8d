import { z } from 'zod';

/** Section `correlator` of tocsin.yaml. */
export const correlatorConfig = z.strictObject({
  /** Whether the rules that come with Tocsin are in force; a document of the same name replaces one. */
  builtinRules: z.boolean().default(true),
  /** How many records back, per partition, a repeated id is recognised. About 100 bytes of memory each. */
  rememberIds: z.number().int().min(100).max(1_000_000).default(20_000),
  /** Bound on the groups that one rule keeps per partition; beyond it the least recently changed is dropped. */
  maxGroupsPerRule: z.number().int().min(10).max(10_000_000).default(100_000),
});

export type CorrelatorConfig = z.infer<typeof correlatorConfig>;
