import { Counter, type Registry } from 'prom-client';

export type ResponderMetrics = ReturnType<typeof createResponderMetrics>;

export function createResponderMetrics(registry: Registry) {
  return {
    observed: new Counter({
      name: 'tocsin_responder_incidents_observed_total',
      help: 'Incident changes read without acting, by what changed.',
      labelNames: ['change'],
      registers: [registry],
    }),
  };
}
