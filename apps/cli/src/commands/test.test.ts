import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { burst, useWorkspace } from '../testing.js';

const three = (expected: string, name = 'three in a minute'): string =>
  `    - name: ${name}\n      events: [{ at: 0s, name: Shell, process: bash, repeat: 3, every: 10s }]\n      expect: ${expected}\n`;

const scenario = (name: string, spec: string): string =>
  `apiVersion: tocsin.dev/v1\nkind: Scenario\nmetadata: { name: ${name} }\nspec:\n${spec.replaceAll(/^/gm, '  ')}\n`;

const SUBSCRIPTION = `apiVersion: tocsin.dev/v1
kind: Subscription
metadata: { name: ops }
spec:
  events: incidents
  filter: incident.rule.name == "burst"
  channel: { type: webhook, url: https://hooks.example.com/x }
`;

const RESPONSE = `apiVersion: tocsin.dev/v1
kind: ResponsePolicy
metadata: { name: contain }
spec:
  match: { incidents: incident.rule.name == "burst" }
  mode: propose
  steps:
    - { action: snapshot }
    - { action: cordon, when: incident.severity_id >= 5 }
`;

describe('tocsin test', () => {
  const workspaces = useWorkspace();

  it('passes what comes as expected', async () => {
    const workspace = await workspaces.open();
    const everything =
      '{ incidents: [{ rule: burst, title: Burst of shells (app), severity: medium, status: open, count: 3, late: 0, opened: 20s, firstSeen: 0s, lastSeen: 20s, muted: false, group: { workload.name: app, cluster: test } }] }';
    await workspace.write('p/a.yaml', burst(three(everything) + three('{ incidents: [{ rule: burst }] }', 'less said')));
    expect(await workspace.tocsin('test', '@/p')).toEqual({ code: 0, out: '2 passed, 0 failed.\n', err: '' });
  });

  it('tells what differs, what the incident holds, and what each event matched', async () => {
    const workspace = await workspaces.open();
    await workspace.write('p/a.yaml', burst(three('{ incidents: [{ rule: burst, severity: high, count: 3, group: { workload.name: web } }] }')));
    const { code, out } = await workspace.tocsin('test', '@/p');
    expect(code).toBe(1);
    expect(out).toBe(`FAILED burst/three in a minute (p/a.yaml:13)
  - incident { rule: burst, severity: high, count: 3, group: { workload.name: web } }
  + incident { rule: burst, severity: medium, status: open, count: 3, group: { cluster: test, workload.name: app }, opened: 20s, firstSeen: 0s, lastSeen: 20s }
    severity is medium, expected high; group.workload.name is app, expected web
    it holds:
          0s  Shell  by burst  (and 2 more, the last at 20s)
  what happened:
        0s  Shell (default/app)  matches burst  (and 2 more, the last at 20s)

0 passed, 1 failed.
`);
  });

  it('tells what did not come, and what came unexpected', async () => {
    const workspace = await workspaces.open();
    await workspace.write(
      'p/a.yaml',
      burst(three('{ incidents: [] }') + three('{ incidents: [{ rule: burst }, { rule: burst, count: 9 }] }', 'two')),
    );
    const { out } = await workspace.tocsin('test', '@/p');
    expect(out).toMatch(/^ {2}\+ incident \{ rule: burst, .* \} was not expected$/m);
    expect(out).toMatch(/^ {2}- incident \{ rule: burst, count: 9 \} did not come$/m);
  });

  it('finds each expected incident one of its own, whatever the order', async () => {
    const workspace = await workspaces.open();
    const events = `      events:
        - { workload: a, process: sh, repeat: 3 }
        - { workload: b, process: sh, repeat: 4 }`;
    const expected = '{ incidents: [{ rule: burst }, { rule: burst, count: 3 }] }';
    await workspace.write('p/a.yaml', burst(`    - name: two\n${events}\n      expect: ${expected}\n`));
    expect((await workspace.tocsin('test', '@/p')).out).toBe('1 passed, 0 failed.\n');
  });

  it('plays inline tests with the rules that theirs needs alone, also with building blocks and rules that are not in force', async () => {
    const workspace = await workspaces.open();
    const block = burst(three('{ incidents: [{ rule: burst, count: 3 }] }'), '  generate: false\n  enabled: false\n');
    const chain = `apiVersion: tocsin.dev/v1
kind: CorrelationRule
metadata: { name: chain }
spec:
  title: Chain
  kind: single
  severity: high
  rules: [burst]
  enabled: false
  tests:
${three('{ incidents: [{ rule: chain, count: 3 }] }', 'through the block')}`;
    await workspace.write('p/a.yaml', `${block}---\n${chain}`);
    expect((await workspace.tocsin('test', '@/p')).out).toBe('2 passed, 0 failed.\n');
  });

  it('says that a building block makes no incidents of its own', async () => {
    const workspace = await workspaces.open();
    await workspace.write('p/a.yaml', burst('', '  generate: false\n'));
    await workspace.write('p/b.yaml', scenario('s', 'events: [{}]\nexpect: { incidents: [{ rule: burst }] }'));
    const { code, err } = await workspace.tocsin('test', '@/p');
    expect(code).toBe(1);
    expect(err).toMatch(/^p\/b\.yaml:6:33: spec\.expect\.incidents\[0\]\.rule: is "burst", a building block/);
  });

  it('plays scenarios with everything: commands, silences, notifications, actions', async () => {
    const workspace = await workspaces.open();
    await workspace.write('p/all.yaml', [burst('', '  resolveAfter: 2h\n'), SUBSCRIPTION, RESPONSE].join('---\n'));
    await workspace.write(
      'p/scenarios/s.yaml',
      [
        scenario(
          'resolved-and-again',
          `events:
  - { process: sh, pod: app-1, repeat: 3 }
  - { at: 5m, command: { type: resolve, rule: burst, reason: benign } }
  - { at: 20m, process: sh, pod: app-1, repeat: 3 }
  - { at: 3h }
expect:
  incidents: [{ rule: burst, status: resolved, resolution: quiet, count: 6 }]
  notifications:
    - { subscription: ops, change: opened }
    - { subscription: ops, change: resolved }
    - { subscription: ops, change: reopened }
    - { subscription: ops, change: resolved }
  actions: [{ policy: contain, step: snapshot, mode: propose, target: pod/default/app-1 }]`,
        ),
        scenario(
          'silenced',
          `silences: [{ filter: 'incident.group["workload.name"] == "app"', from: 0s, until: 10m }]
events:
  - { process: sh, repeat: 3 }
  - { process: sh, repeat: 3, workload: other }
  - { at: 9m }
expect:
  incidents: [{ rule: burst, muted: true }, { rule: burst, muted: false, group: { workload.name: other } }]
  notifications: [{ subscription: ops, change: opened, rule: burst }]
  actions: [{ policy: contain, target: workload/default/other }]`,
        ),
      ].join('---\n'),
    );
    const { code, out } = await workspace.tocsin('test', '@/p');
    expect(out).toBe('2 passed, 0 failed.\n');
    expect(code).toBe(0);
  });

  it('plays the tests of response policies', async () => {
    const workspace = await workspaces.open();
    const tests = (severity: string): string =>
      `  tests:\n    - name: contains\n      events: [{ process: sh, repeat: 3, node: n1 }]\n      expect: { actions: [{ policy: contain, action: ${severity} }] }\n`;
    await workspace.write('p/a.yaml', `${burst()}---\n${RESPONSE}${tests('snapshot')}`);
    expect((await workspace.tocsin('test', '@/p')).out).toBe('1 passed, 0 failed.\n');
    await workspace.write('p/a.yaml', `${burst()}---\n${RESPONSE}${tests('cordon')}`);
    const { out } = await workspace.tocsin('test', '@/p');
    expect(out).toContain('- action { policy: contain, action: cordon }');
    expect(out).toContain('action is snapshot, expected cordon');
  });

  it('tells of a command that had no effect', async () => {
    const workspace = await workspaces.open();
    await workspace.write('p/a.yaml', burst());
    await workspace.write('p/s.yaml', scenario('s', 'events: [{ command: { type: acknowledge, rule: burst } }]\nexpect: { incidents: [] }'));
    const { code, out } = await workspace.tocsin('test', '@/p');
    expect(code).toBe(1);
    expect(out).toContain('! a command had no effect: acknowledge: there is no incident of the rule "burst" at that time');
  });

  it('reads what a sensor sends, at the time of the story', async () => {
    const workspace = await workspaces.open();
    const alert = `{ rule: Shell, priority: Notice, output: x, time: "2020-01-01T00:00:00Z", output_fields: { proc.name: bash, k8s.ns.name: pay, k8s.pod.name: web-5d9c7b6f8d-x2lqp } }`;
    const mapped = `apiVersion: tocsin.dev/v1\nkind: SourceMapping\nmetadata: { name: edr }\nspec: { fields: { name: title, process.name: image, workload.name: { const: web } } }\n`;
    const events = `      events:
        - { at: 1m, raw: { source: falco, event: ${alert} }, repeat: 2, every: 5s }
        - { at: 2m, raw: { source: generic, mapping: edr, event: { title: Shell, image: sh } }, with: { cluster: test } }`;
    await workspace.write(
      'p/a.yaml',
      `${burst(`    - name: raw\n${events}\n      expect: { incidents: [{ rule: burst, count: 3, firstSeen: 1m, group: { workload.name: web } }] }\n`)}---\n${mapped}`,
    );
    expect((await workspace.tocsin('test', '@/p')).out).toBe('1 passed, 0 failed.\n');
  });

  it('plays only tests of that name, and no tests are a mistake', async () => {
    const workspace = await workspaces.open();
    await workspace.write('p/a.yaml', burst(three('{ incidents: [] }', 'wrong') + three('{ incidents: [{ rule: burst }] }', 'right')));
    expect((await workspace.tocsin('test', '@/p', '--filter', 'burst/right')).out).toBe('1 passed, 0 failed.\n');
    const { code, err } = await workspace.tocsin('test', '@/p', '--filter', 'rihgt');
    expect(code).toBe(2);
    expect(err).toMatch(/^tocsin test: no test has "rihgt" in its name; there are 2 tests/);
  });

  it('writes JUnit XML that holds whatever stands in names', async () => {
    const workspace = await workspaces.open();
    await workspace.write(
      'p/a.yaml',
      burst(three('{ incidents: [] }', `'a <b> & "c" \u{1}'`.replace('\u{1}', '')) + three('{ incidents: [{ rule: burst }] }', 'right')),
    );
    const { code } = await workspace.tocsin('test', '@/p', '--junit', '@/j.xml');
    expect(code).toBe(1);
    const xml = await readFile(workspace.path('j.xml'), 'utf8');
    expect(xml).toMatch(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites tests="2" failures="1" time="\d+\.\d{3}">\n/);
    expect(xml).toContain('<testcase name="burst/a &lt;b&gt; &amp; &quot;c&quot; "');
    expect(xml).toMatch(/<failure message="not as expected">[^<]*\+ incident \{ rule: burst[^<]*was not expected/);
    expect(xml).toMatch(/<testcase name="burst\/right" [^>]*\/>/);
  });

  it('gives its results as JSON', async () => {
    const workspace = await workspaces.open();
    await workspace.write('p/a.yaml', burst(three('{ incidents: [{ rule: burst, count: 4 }] }')));
    const { out } = await workspace.tocsin('test', '@/p', '-o', 'json');
    const [result] = JSON.parse(out) as [{ differences: unknown[] }];
    expect(result).toMatchObject({ name: 'burst/three in a minute', file: 'p/a.yaml', line: 13, passed: false });
    expect(result.differences).toMatchObject([
      { what: 'incident', expected: { rule: 'burst', count: '4' }, found: { count: '3' }, differs: ['count'] },
    ]);
  });

  it('says that there are no tests', async () => {
    const workspace = await workspaces.open();
    await workspace.write('p/a.yaml', burst());
    expect(await workspace.tocsin('test', '@/p')).toEqual({ code: 0, out: 'There are no tests.\n', err: '' });
  });
});
