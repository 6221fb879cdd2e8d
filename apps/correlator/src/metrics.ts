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
    late: new Counter({
      name: 'tocsin_correlator_late_violations_total',
      help: 'Violations that came to ingest later than correlator.grace after they happened. They are counted all the same.',
      registers,
    }),
    matches: new Counter({
      name: 'tocsin_correlator_matches_total',
      help: 'Violations that passed the filter of a rule.',
      labelNames: ['rule'],
      registers,
    }),
    incidentChanges: new Counter({
      name: 'tocsin_correlator_incident_changes_total',
      help: 'New versions of incidents, by what changed.',
      labelNames: ['change'],
      registers,
    }),
    commands: new Counter({
      name: 'tocsin_correlator_commands_total',
      help: 'What operators said about incidents, by what came of it.',
      labelNames: ['type', 'outcome'],
      registers,
    }),
    evicted: new Counter({
      name: 'tocsin_correlator_evicted_total',
      help: 'What was not counted for want of room. Cause groups, memory: groups forgotten; new_groups: matches; window: matches.',
      labelNames: ['rule', 'cause'],
      registers,
    }),
    pruned: new Counter({
      name: 'tocsin_correlator_pruned_total',
      help: 'Rows deleted from the database because they were past their time, see correlator.retentionDays.',
      labelNames: ['what'],
      registers,
    }),
    fenced: new Counter({
      name: 'tocsin_correlator_fenced_total',
      help: 'Batches given up because another replica owns the partition.',
      registers,
    }),
  };
}
