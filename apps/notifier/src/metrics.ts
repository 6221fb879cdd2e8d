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
    lagEvents: new Gauge({
      name: 'tocsin_notifier_lag_events',
      help: 'Events on the log that the subscription has not ended with, of the partitions this process has.',
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
