// The dashboards of deploy/grafana/dashboards, made of scripts/dashboards: `node scripts/grafana.ts` writes them anew.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dashboards } from './dashboards/list.ts';
import { dashboardJson } from './dashboards/panel.ts';

export const GRAFANA = join(import.meta.dirname, '..', 'deploy', 'grafana', 'dashboards');

/** The files of deploy/grafana as they should be, by their names. */
export const dashboardFiles = (): Map<string, string> =>
  new Map(dashboards.map((dashboard) => [`${dashboard.name}.json`, `${JSON.stringify(dashboardJson(dashboard), undefined, 2)}\n`]));

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, text] of dashboardFiles()) writeFileSync(join(GRAFANA, name), text);
}
