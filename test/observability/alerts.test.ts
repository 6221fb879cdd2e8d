import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeReal, findProgram } from '@tocsin/testing';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..', '..');
const directory = join(root, 'deploy', 'prometheus');
const { groups } = parse(readFileSync(join(directory, 'rules.yaml'), 'utf8')) as {
  groups: { rules: { alert: string; expr: string; annotations: { runbook: string } }[] }[];
};
const alerts = groups.flatMap(({ rules }) => rules);
const { tests } = parse(readFileSync(join(directory, 'tests.yaml'), 'utf8')) as {
  tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
};

describe.each(alerts)('alert $alert', ({ alert, expr, annotations }) => {
  it('has a page that says what to do', () => {
    expect(existsSync(join(root, annotations.runbook))).toBe(true);
  });

  it('asks for metrics that there are', () => {
    const page = readFileSync(join(root, 'docs', 'metrics.md'), 'utf8');
    const names = expr.match(/tocsin_[a-z_]+/g) ?? [];
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it('is shown firing, and not firing', () => {
    const shown = tests.flatMap((test) => test.alert_rule_test).filter(({ alertname }) => alertname === alert);
    expect(new Set(shown.map((test) => test.exp_alerts.length > 0))).toEqual(new Set([true, false]));
  });
});

describeReal('promtool', "the alerts, by Prometheus' own tool", () => {
  const promtool = (...args: string[]): string => execFileSync(findProgram('promtool') ?? '', args, { cwd: directory, encoding: 'utf8' });

  it('are valid', () => {
    expect(promtool('check', 'rules', 'rules.yaml')).toContain(`SUCCESS: ${alerts.length} rules found`);
  });

  it('fire when they should, and only then', () => {
    expect(promtool('test', 'rules', 'tests.yaml')).toContain('SUCCESS');
  });
});
