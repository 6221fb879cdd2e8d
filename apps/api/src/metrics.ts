import { Counter, Histogram, type Registry } from 'prom-client';

export type ApiMetrics = ReturnType<typeof createApiMetrics>;

export function createApiMetrics(registry: Registry) {
  const registers = [registry];
  return {
    stored: new Counter({
      name: 'tocsin_projector_stored_total',
      help: 'Violations and dead letters written to the store for the first time, by topic.',
      labelNames: ['topic'],
      registers,
    }),
    undecodable: new Counter({
      name: 'tocsin_projector_undecodable_total',
      help: 'Records that are no violation and went to the dead letters.',
      registers,
    }),
    batchSeconds: new Histogram({
      name: 'tocsin_projector_batch_seconds',
      help: 'Time to write a batch to the store, by topic.',
      labelNames: ['topic'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    }),
  };
}
