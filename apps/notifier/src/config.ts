import { duration } from '@tocsin/extension';
import { z } from 'zod';
import { egressConfig } from './channels/egress.js';

/** Section `notifier` of tocsin.yaml. */
export const notifierConfig = z.strictObject({
  /** Where channels may connect to. */
  egress: egressConfig.prefault({}),
  /** How many requests one subscription may have under way per partition, where the channel takes them one by one. */
  concurrency: z.number().int().min(1).max(256).default(16),
  /** Longest pause between two attempts, also when a receiver asks for a longer one, in milliseconds. */
  maxRetryDelayMs: z.number().int().min(100).max(86_400_000).default(300_000),
  /** A subscription that delivered nothing for so long, though it tried, is disabled: its events wait, and it is tried now and then. */
  disableAfter: duration.prefault('24h'),
  /** How often a disabled subscription is tried. */
  probeEvery: duration.prefault('5m'),
  /** How long the ledger of deliveries is kept, in days. */
  ledgerDays: z.number().int().min(1).max(3_650).default(30),
});

export type NotifierConfig = z.infer<typeof notifierConfig>;
