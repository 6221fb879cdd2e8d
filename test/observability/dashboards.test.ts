import { expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeReal, findProgram } from '@tocsin/testing';
import { dashboards } from '../../scripts/dashboards/list.ts';

describeReal('promtool', "the queries of the dashboards, by Prometheus' own tool", () => {
  it('are valid, with the variables as Grafana fills them in', () => {
    const queries = dashboards.flatMap(({ rows }) => rows.flatMap(({ panels }) => panels.flatMap((panel) => panel.queries)));
    const rules = queries.map(({ expr }, index) => ({
      record: `dashboards:query:${index}`,
      expr: expr.replace(/\$(cluster|namespace|service)/g, '.*').replace(/\$__(rate_interval|range)/g, '5m'),
    }));
    const directory = mkdtempSync(join(tmpdir(), 'tocsin-dashboards-'));
    try {
      const file = join(directory, 'rules.json');
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboards', rules }] }));
      const said = execFileSync(findProgram('promtool') ?? '', ['check', 'rules', file], { encoding: 'utf8' });
      expect(said).toContain(`SUCCESS: ${queries.length} rules found`);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }, 60_000);
});
