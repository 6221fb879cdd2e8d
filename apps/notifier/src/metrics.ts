import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export type NotifierMetrics = ReturnType<typeof createNotifierMetrics>;

/** Names of subscriptions are those of the user's documents, so their number is bounded. */
export function createNotifierMetrics(registry: Registry) {
  const registers = [registry];
  return {
    deliveries: new Counter({
      name: 'tocsin_notifier_deliveries_total',
      help: 'Events that ended with a subscription: delivered, dead (given up), filtered (not wanted), muted, or repeated (had been delivered).',
      labelNames: ['subscription', 'channel', 'result'],
      registers,
    }),
    failures: new Counter({
      name: 'tocsin_notifier_failed_attempts_total',
      help: 'Attempts that failed, by bounded reason.',
      labelNames: ['subscription', 'channel', 'reason'],
      registers,
    }),
    sendSeconds: new Histogram({
      name: 'tocsin_notifier_send_seconds',
      help: 'Time of one attempt.',
      labelNames: ['channel'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30],
      registers,
    }),
    latencySeconds: new Histogram({
      name: 'tocsin_notifier_latency_seconds',
      help: 'Time from the log taking an event to its delivery.',
      labelNames: ['channel'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600, 3600],
      registers,
    }),
    gathered: new Counter({
      name: 'tocsin_notifier_gathered_total',
      help: 'Events that are told in a digest instead of by themselves.',
      labelNames: ['subscription'],
      registers,
    }),
    digests: new Counter({
      name: 'tocsin_notifier_digests_total',
      help: 'Digests made, by reason: storm, group, repeat.',
      labelNames: ['subscription', 'reason'],
      registers,
    }),
    lagEvents: new Gauge({
      name: 'tocsin_notifier_lag_events',
      help: 'Events on the log that the subscription has not ended with, of the partitions this process has.',
      labelNames: ['subscription'],
      registers,
    }),
    disabled: new Gauge({
      name: 'tocsin_notifier_subscription_disabled',
      help: '1 while the subscription is not served, because it failed for too long or an operator stopped it; its events wait on the log.',
      labelNames: ['subscription'],
      registers,
    }),
    ledgerLines: new Counter({
      name: 'tocsin_notifier_ledger_lines_total',
      help: 'Lines of the ledger of deliveries: written, or dropped because the database was away for too long.',
      labelNames: ['result'],
      registers,
    }),
    drillSeconds: new Histogram({
      name: 'tocsin_drill_seconds',
      help: 'Time from the log taking a drill to its delivery.',
      labelNames: ['subscription'],
      buckets: [0.02, 0.1, 0.5, 2, 10, 60, 600, 3600],
      registers,
    }),
    drills: new Counter({
      name: 'tocsin_drill_outcomes_total',
      help: 'Drills that ended: delivered, or dead (refused by the receiver).',
      labelNames: ['subscription', 'outcome'],
      registers,
    }),
    drillLastSuccess: new Gauge({
      name: 'tocsin_drill_last_success_timestamp_seconds',
      help: 'When the last drill of the subscription was delivered by this process, seconds since 1970.',
      labelNames: ['subscription'],
      registers,
    }),
    lagSeconds: new Gauge({
      name: 'tocsin_notifier_lag_seconds',
      help: 'Age of the oldest event that the subscription has not ended with, 0 when it has caught up.',
      labelNames: ['subscription'],
      registers,
    }),
  };
}
