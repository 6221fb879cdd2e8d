import { Gauge, Registry, collectDefaultMetrics } from 'prom-client';

export { Registry } from 'prom-client';

/** A registry with the Node runtime's metrics and the build's. Each process has one. */
export function createMetrics(service: string, version: string): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'tocsin_build_info',
    help: 'Always 1; the labels say which service and version runs.',
    labelNames: ['service', 'version'],
    registers: [registry],
  }).set({ service, version }, 1);
  return registry;
}
