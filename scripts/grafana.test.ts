import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboards } from './dashboards/list.ts';
import { dashboardJson, SCOPE } from './dashboards/panel.ts';
import { dashboardFiles, GRAFANA } from './grafana.ts';

/** Metrics of the page by name, with their labels. */
const documented = new Map(
  [...readFileSync(join(GRAFANA, '..', '..', '..', 'docs', 'metrics.md'), 'utf8').matchAll(/^\| `(tocsin_\w+)` \| \w+ \| ([^|]*)\|/gm)].map(
    ([, name = '', labels = '']) => [name, [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label)] as const,
  ),
);
/** What libs/runtime gives every service; the page does not list it. */
const OF_THE_RUNTIME = ['tocsin_build_info', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds'];

interface Json {
  uid: string;
  templating: { list: { name: string }[] };
  panels: { type: string; targets?: { refId: string }[] }[];
}

const panels = dashboards.flatMap(({ name, rows }) => rows.flatMap((row) => row.panels.map((panel) => ({ name, ...panel }))));
const queries = panels.flatMap(({ name, title, queries: all }) => all.map(({ expr, legend }) => ({ name, title, expr, legend })));

describe('the dashboards', () => {
  it('are as the code has them; if not, run `node scripts/grafana.ts`', () => {
    const kept = readdirSync(GRAFANA).filter((name) => name.endsWith('.json'));
    expect(new Map(kept.toSorted().map((name) => [name, readFileSync(join(GRAFANA, name), 'utf8')]))).toEqual(
      new Map([...dashboardFiles()].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    );
  });

  it('are found by name, uid and title', () => {
    expect(new Set(dashboards.map(({ name }) => name)).size).toBe(dashboards.length);
    expect(new Set(dashboards.map(({ title }) => title)).size).toBe(dashboards.length);
  });

  it.each(dashboards)('$name: has what Grafana asks of a dashboard and of each panel', (dashboard) => {
    const json = JSON.parse(JSON.stringify(dashboardJson(dashboard))) as Json;
    expect(json).toMatchObject({ uid: `tocsin-${dashboard.name}`, schemaVersion: 41, editable: true, time: { from: 'now-3h', to: 'now' } });
    expect(json.uid.length).toBeLessThanOrEqual(40);
    const defined = ['__rate_interval', '__range', ...json.templating.list.map(({ name }) => name)];
    const used = [...JSON.stringify(json).matchAll(/\$\{?(\w+)/g)].map(([, name]) => name).filter((name) => name !== '__all');
    expect(defined).toEqual(expect.arrayContaining(used));
    for (const { type, targets } of json.panels) {
      expect(['row', 'stat', 'timeseries', 'table']).toContain(type);
      const refs = (targets ?? []).map(({ refId }) => refId);
      expect(new Set(refs).size).toBe(refs.length);
      expect(refs.length > 0).toBe(type !== 'row');
    }
  });

  it.each(dashboards)('$name: no panel lies on another or beyond the edge', (dashboard) => {
    const { panels: placed } = dashboardJson(dashboard) as { panels: { id: number; gridPos: { x: number; y: number; w: number; h: number } }[] };
    expect(new Set(placed.map(({ id }) => id)).size).toBe(placed.length);
    const cells = placed.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => ({ x: x + (cell % w), y: y + Math.floor(cell / w) })),
    );
    expect(cells.every(({ x }) => Number.isInteger(x) && x < 24)).toBe(true);
    expect(new Set(cells.map(({ x, y }) => `${x} ${y}`)).size).toBe(cells.length);
  });
});

describe.each(panels)('$name: $title', ({ description }) => {
  it('says what the reader sees', () => {
    expect(description).toMatch(/^.{20,}\.$/);
  });

  it('names runbooks that there are', () => {
    const named = [...description.matchAll(/runbook ([a-z-]+)/g)].map(([, page]) => `${page}.md`);
    expect(readdirSync(join(GRAFANA, '..', '..', '..', 'docs', 'runbooks'))).toEqual(expect.arrayContaining(named));
  });
});

describe.each(queries)('the query $expr', ({ expr, legend = '' }) => {
  const selectors = [...expr.matchAll(/(\w+)\{/g)].map(([, name = '']) => name);
  const metrics = selectors.map((name) => (documented.has(name) ? name : name.replace(/_bucket$/, '')));

  it('asks for metrics that there are, in the scope that the reader chose', () => {
    expect(selectors.length).toBeGreaterThan(0);
    expect(expr.split(SCOPE).length - 1).toBe(selectors.length);
    expect(metrics.filter((name) => !documented.has(name) && !OF_THE_RUNTIME.includes(name))).toEqual([]);
  });

  it('groups by labels that the metric has, and its legend shows no other', () => {
    const grouped = [...expr.matchAll(/ by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '));
    const shown = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
    const known = ['le', 'version', 'service', 'instance', ...metrics.flatMap((name) => documented.get(name) ?? [])];
    expect(known).toEqual(expect.arrayContaining([...grouped, ...shown]));
  });
});
