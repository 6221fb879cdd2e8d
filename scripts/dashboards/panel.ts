// Panels and dashboards in the JSON model of Grafana (https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/),
// of the panel types that Grafana itself brings.

/** Units as Grafana names them: `s` seconds, `short` a count, `eps` events a second, `percentunit` 0 to 1. */
export type Unit = 's' | 'short' | 'eps' | 'bytes' | 'percentunit';

export interface Query {
  expr: string;
  legend?: string;
}

export interface Panel {
  title: string;
  /** What the reader sees, and what to do when it looks wrong. */
  description: string;
  type: 'stat' | 'timeseries' | 'table';
  unit: Unit;
  queries: readonly Query[];
  /** From which value on the panel is yellow, and red. */
  thresholds?: { warn?: number; bad: number };
}

export interface Dashboard {
  /** The name of its file and the end of its uid. */
  name: string;
  title: string;
  description: string;
  /** The page of the console that shows the same things one by one. */
  consolePath: string;
  rows: readonly { title: string; panels: readonly Panel[] }[];
}

/**
 * What every selector of a query begins with. A variable at "All" is `.*`, which also matches where a label is missing: a
 * Prometheus without these labels on its targets shows everything.
 */
export const SCOPE = 'cluster=~"$cluster",namespace=~"$namespace",service=~"$service"';

/** A selector of one metric in the scope that the reader chose. */
export const select = (metric: string, ...matchers: string[]): string => `${metric}{${[SCOPE, ...matchers].join(',')}}`;

/** How often something happens per second, by labels. */
export const rate = (metric: string, by: readonly string[], ...matchers: string[]): string =>
  `sum${by.length === 0 ? '' : ` by (${by.join(', ')})`} (rate(${select(metric, ...matchers)}[$__rate_interval]))`;

/** How often something happened in the time that the dashboard shows. */
export const increase = (metric: string, by: readonly string[], ...matchers: string[]): string =>
  `sum${by.length === 0 ? '' : ` by (${by.join(', ')})`} (increase(${select(metric, ...matchers)}[$__range]))`;

/** A quantile of a histogram, by labels. */
export const quantile = (share: number, metric: string, by: readonly string[] = []): string =>
  `histogram_quantile(${share}, ${rate(`${metric}_bucket`, ['le', ...by])})`;

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const WIDTH = 24;

function thresholdsOf({ thresholds }: Panel): object {
  const steps: { color: string; value: number | null }[] = [{ color: 'green', value: null }];
  if (thresholds?.warn !== undefined) steps.push({ color: 'yellow', value: thresholds.warn });
  if (thresholds !== undefined) steps.push({ color: 'red', value: thresholds.bad });
  return { mode: 'absolute', steps };
}

function optionsOf({ type }: Panel): object {
  if (type === 'stat') {
    return { colorMode: 'value', graphMode: 'area', reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false } };
  }
  if (type === 'table') return { showHeader: true };
  return { legend: { displayMode: 'list', placement: 'bottom', showLegend: true }, tooltip: { mode: 'multi', sort: 'desc' } };
}

function panelJson(panel: Panel, id: number, gridPos: object): object {
  const instant = panel.type === 'table';
  return {
    id,
    type: panel.type,
    title: panel.title,
    description: panel.description,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: {
      defaults: {
        unit: panel.unit,
        min: 0,
        thresholds: thresholdsOf(panel),
        color: { mode: panel.type === 'timeseries' ? 'palette-classic' : 'thresholds' },
        ...(panel.type === 'timeseries' && {
          custom: { fillOpacity: 10, showPoints: 'never', thresholdsStyle: { mode: panel.thresholds ? 'dashed' : 'off' } },
        }),
      },
      overrides: [],
    },
    options: optionsOf(panel),
    targets: panel.queries.map(({ expr, legend }, index) => ({
      refId: String.fromCodePoint(65 + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend ?? '__auto',
      ...(instant ? { instant: true, range: false, format: 'table' } : { instant: false, range: true }),
    })),
  };
}

/** A variable of label values. `nodejs_version_info` has no labels but those of the target and its own, and every service has it. */
const labelVariable = (name: string): object => ({
  name,
  label: name,
  type: 'query',
  datasource: DATASOURCE,
  definition: `label_values(nodejs_version_info, ${name})`,
  query: { query: `label_values(nodejs_version_info, ${name})`, refId: name },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  allValue: '.*',
  current: { text: ['All'], value: ['$__all'] },
});

/** Rows of panels become a grid: as many beside each other as the row has, at most four. */
function grid(rows: Dashboard['rows']): object[] {
  const panels: object[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push({ id: panels.length + 1, type: 'row', title: row.title, collapsed: false, gridPos: { x: 0, y, w: WIDTH, h: 1 }, panels: [] });
    y += 1;
    const w = WIDTH / Math.min(row.panels.length, 4);
    const h = row.panels.every(({ type }) => type === 'stat') ? 4 : 8;
    for (const [index, panel] of row.panels.entries()) {
      const line = Math.floor((index * w) / WIDTH);
      panels.push(panelJson(panel, panels.length + 1, { x: (index * w) % WIDTH, y: y + line * h, w, h }));
    }
    y += Math.ceil((row.panels.length * w) / WIDTH) * h;
  }
  return panels;
}

export function dashboardJson(dashboard: Dashboard): object {
  return {
    uid: `tocsin-${dashboard.name}`,
    title: `Tocsin / ${dashboard.title}`,
    description: dashboard.description,
    tags: ['tocsin'],
    schemaVersion: 41,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    timezone: 'browser',
    time: { from: 'now-3h', to: 'now' },
    annotations: { list: [] },
    links: [
      { type: 'dashboards', title: 'Tocsin', tags: ['tocsin'], asDropdown: true, includeVars: true, keepTime: true, targetBlank: false },
      { type: 'link', title: 'Console', url: `\${console}${dashboard.consolePath}`, icon: 'external link', targetBlank: true },
    ],
    templating: {
      list: [
        { name: 'datasource', label: 'datasource', type: 'datasource', query: 'prometheus', refresh: 1, current: {} },
        ...['cluster', 'namespace', 'service'].map(labelVariable),
        {
          name: 'console',
          label: 'console',
          type: 'textbox',
          query: 'http://localhost:8080',
          current: { text: 'http://localhost:8080', value: 'http://localhost:8080' },
        },
      ],
    },
    panels: grid(dashboard.rows),
  };
}
