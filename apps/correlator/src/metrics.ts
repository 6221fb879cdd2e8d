import { Counter, Histogram, type Registry } from 'prom-client';

export type CorrelatorMetrics = ReturnType<typeof createCorrelatorMetrics>;

export function createCorrelatorMetrics(registry: Registry) {
  const registers = [registry];
  return {
    batchSeconds: new Histogram({
      name: 'tocsin_correlator_batch_seconds',
      help: 'Time from a batch of violations or signals to its state and changes being durable.',
      labelNames: ['topic'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    }),
    records: new Counter({ name: 'tocsin_correlator_records_total', help: 'Records processed, by topic.', labelNames: ['topic'], registers }),
    duplicates: new Counter({
      name: 'tocsin_correlator_duplicates_total',
      help: 'Records dropped because their id had come before.',
      registers,
    }),
    matches: new Counter({
      name: 'tocsin_correlator_matches_total',
      help: 'Violations that passed the filter of a rule.',
      labelNames: ['rule'],
      registers,
    }),
    incidentsOpened: new Counter({ name: 'tocsin_correlator_incidents_opened_total', help: 'Incidents opened.', registers }),
    evicted: new Counter({
      name: 'tocsin_correlator_evicted_groups_total',
      help: 'Groups whose state was dropped before its time because the rule had too many.',
      labelNames: ['rule'],
      registers,
    }),
    fenced: new Counter({
      name: 'tocsin_correlator_fenced_total',
      help: 'Batches given up because another replica owns the partition.',
      registers,
    }),
  };
}
