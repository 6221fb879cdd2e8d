import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Registry } from '@tocsin/runtime';
import { createApiMetrics } from '../apps/api/src/metrics.ts';
import { createCorrelatorMetrics } from '../apps/correlator/src/metrics.ts';
import { createIngestMetrics } from '../apps/ingest/src/metrics.ts';
import { createNotifierMetrics } from '../apps/notifier/src/metrics.ts';
import { createResponderMetrics } from '../apps/responder/src/metrics.ts';
import { describe as describeMetrics, LABELS, METRICS_PAGE, page, type Register } from './metrics-doc.ts';

const services = (
  [
    ['ingest', createIngestMetrics],
    ['correlator', createCorrelatorMetrics],
    ['responder', createResponderMetrics],
    ['notifier', createNotifierMetrics],
    ['api', createApiMetrics],
  ] as [string, Register][]
).map(([name, register]) => ({ name, register, registry: new Registry() }));
const all = await describeMetrics(services);
const metrics = all.flatMap((one) => one.metrics);

describe('metrics', () => {
  it('are on their page; `node scripts/metrics-doc.ts` writes it anew', () => {
    expect(readFileSync(METRICS_PAGE, 'utf8')).toBe(page(all));
  });

  it.each(metrics)('$name is named by the conventions, and explained', ({ name, type, help }) => {
    expect(name).toMatch(/^tocsin_[a-z]+_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_(seconds|bytes|events|violations)$/);
    expect(help.length).toBeGreaterThan(10);
  });

  it.each([...new Set(metrics.flatMap(({ labels }) => labels))])('the label %s has a bounded number of values', (label) => {
    expect(LABELS).toHaveProperty(label);
  });
});
