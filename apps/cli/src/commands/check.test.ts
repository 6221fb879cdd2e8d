import { describe, expect, it } from '@jest/globals';
import { fakeJira } from '@tocsin/testing';
import { burst, useWorkspace } from '../testing.js';

describe('tocsin check', () => {
  const workspaces = useWorkspace();

  it('counts what is valid', async () => {
    const workspace = await workspaces.open();
    await workspace.write('p/rules/burst.yaml', burst('    - { name: a, events: [{}], expect: { incidents: [] } }\n'));
    expect(await workspace.tocsin('check', '@/p')).toEqual({ code: 0, out: 'Valid: 1 CorrelationRule, 1 test.\n', err: '' });
    const { out } = await workspace.tocsin('check', '@/p', '--output', 'json');
    expect(JSON.parse(out)).toEqual({ valid: true, documents: { CorrelationRule: 1 }, tests: 1, issues: [] });
  });

  it('tells the mistakes of all extension points at once, each with its place', async () => {
    const workspace = await workspaces.open();
    await workspace.write('p/a.yaml', burst().replace('timespan: 1m', 'timespam: 1m'));
    await workspace.write(
      'p/b.yaml',
      `apiVersion: tocsin.dev/v1
kind: Subscription
metadata: { name: siem }
spec:
  events: incidents
  channel: { type: syslog, hots: siem.example.com }
---
apiVersion: tocsin.dev/v1
kind: SourceMapping
metadata: { name: edr }
spec:
  fields: { nmae: title }
`,
    );
    const { code, out } = await workspace.tocsin('check', '@/p');
    expect(code).toBe(1);
    expect(out).toContain('p/a.yaml:10:3: spec.timespam: is not a known key; did you mean "timespan"?');
    expect(out).toContain('p/b.yaml:6:28: spec.channel.hots: is not a known key; did you mean "host"?');
    expect(out).toContain('p/b.yaml:12:13: spec.fields.nmae: is not a known key; did you mean "name"?');
    expect(out).toMatch(/\n\n\d mistakes in 2 files\.\n$/);
    const { out: json } = await workspace.tocsin('check', '@/p', '-o', 'json');
    expect((JSON.parse(json) as { issues: object[] }).issues).toContainEqual({
      file: 'p/a.yaml',
      line: 10,
      column: 3,
      path: 'spec.timespam',
      message: 'is not a known key; did you mean "timespan"?',
    });
  });

  it('takes a file as well as a directory, and says which does not exist', async () => {
    const workspace = await workspaces.open();
    await workspace.write('p/a.yaml', burst());
    await workspace.write('p/b.yaml', 'kind: Nonsense\n');
    expect((await workspace.tocsin('check', '@/p/a.yaml')).code).toBe(0);
    const { code, err } = await workspace.tocsin('check', '@/p/c.yaml');
    expect(code).toBe(2);
    expect(err).toMatch(/^tocsin check: "p\/c\.yaml" does not exist\n/);
  });

  it('knows the rules that come with Tocsin, unless it is told not to', async () => {
    const workspace = await workspaces.open();
    await workspace.write('p/a.yaml', burst('', '  inhibits: [{ rules: [shell-in-container], equal: [cluster] }]\n'));
    expect((await workspace.tocsin('check', '@/p')).code).toBe(0);
    const { code, out } = await workspace.tocsin('check', '@/p', '--no-pack');
    expect(code).toBe(1);
    expect(out).toContain('is "shell-in-container", which is no rule in force');
  });

  describe('of tests', () => {
    const testOf = (event: string, expected: string): string =>
      burst(`    - name: a\n      events:\n        - ${event}\n      expect: ${expected}\n`);

    it.each([
      ['{ proces: bash }', '{ incidents: [] }', 'events[0].proces: is not a known key; did you mean "process"?'],
      [
        '{ with: { dst_endpoint: { prt: 1 } } }',
        '{ incidents: [] }',
        'events[0].with.dst_endpoint.prt: is no field of a violation; did you mean "port"?',
      ],
      ['{ with: { process: nc } }', '{ incidents: [] }', 'events[0].with.process: is the text "nc", expected a map with name, path, '],
      [
        '{ with: { time: yesterday } }',
        '{ incidents: [] }',
        'events[0].with.time: is the text "yesterday", expected a time such as "2026-01-01T12:00:00Z"',
      ],
      ['{ at: 5 minutes }', '{ incidents: [] }', 'events[0].at: is the text "5 minutes", expected a duration such as'],
      ['{ command: { type: resolve, rule: burst } }', '{ incidents: [] }', 'command.reason: is missing; the command "resolve" needs it'],
      [
        '{ command: { type: note, rule: burts, comment: x } }',
        '{ incidents: [] }',
        'command.rule: is "burts", which is no rule here; did you mean "burst"?',
      ],
      ['{ raw: { source: flaco, event: {} } }', '{ incidents: [] }', 'events[0].raw: "flaco" is no source; did you mean "falco"?'],
      [
        '{ raw: { source: falco, event: { rule: x } } }',
        '{ incidents: [] }',
        'events[0].raw: event 1 cannot be read by the source "falco": "priority" is missing',
      ],
      ['{ raw: { source: falco, event: {} }, name: x }', '{ incidents: [] }', 'events[0].raw: stands beside fields of a violation'],
      ['{ repeat: 10000 }', '{ incidents: [{ rule: burts }] }', 'incidents[0].rule: is "burts", which is no rule here; did you mean "burst"?'],
      [
        '{}',
        '{ incidents: [{ rule: burst, group: { workload: app } }] }',
        'group.workload: is nothing that "burst" groups by; did you mean "workload.name"?',
      ],
      ['{}', '{ notifications: [] }', 'expect.notifications: is for documents of kind Scenario'],
      ['{}', '{ actions: [] }', 'expect.actions: is for ResponsePolicy and Scenario'],
      ['{}', '{}', 'expect: expects nothing; name "incidents"'],
    ])('%s with %s: %s', async (event, expected, message) => {
      const workspace = await workspaces.open();
      await workspace.write('p/a.yaml', testOf(event, expected));
      const { code, out } = await workspace.tocsin('check', '@/p');
      expect(code).toBe(1);
      expect(out).toContain(message);
      expect(out).toMatch(/^p\/a\.yaml:1[2-9]:\d+: spec\.tests\[0\]\./);
    });
  });

  describe('with --config', () => {
    it('goes by its policy directory and its rules, and tells its mistakes', async () => {
      const workspace = await workspaces.open();
      await workspace.write('p/a.yaml', burst('', '  inhibits: [{ rules: [shell-in-container], equal: [cluster] }]\n'));
      await workspace.write('tocsin.yaml', `policyDir: ${workspace.path('p')}\ncorrelator: { builtinRules: false }\n`);
      const { code, out } = await workspace.tocsin('check', '--config', '@/tocsin.yaml');
      expect(code).toBe(1);
      expect(out).toContain('p/a.yaml:12:24: spec.inhibits[0].rules[0]: is "shell-in-container", which is no rule in force');
      await workspace.write(
        'tocsin.yaml',
        `policyDir: ${workspace.path('p')}\ncorrelator: { grace: 5 }\ningest: { mask: [{ path: user.nam, with: hash }] }\n`,
      );
      const second = await workspace.tocsin('check', '--config', '@/tocsin.yaml');
      expect(second.code).toBe(1);
      expect(second.out).toContain('tocsin.yaml:2:22: correlator.grace: is 5, expected a duration');
      await workspace.write('p/b.yaml', 'kind: Nonsense\n');
      expect((await workspace.tocsin('check', '--config', '@/tocsin.yaml')).out).toMatch(/b\.yaml:1:7: kind: [^]*tocsin\.yaml:2:22: /);
      expect(second.out).toContain(
        'tocsin.yaml:3:26: ingest.mask[0].path: is "user.nam", which is no field that can be masked; did you mean "user.name"?',
      );
    });

    it('finds mappings that the file and a document both name', async () => {
      const workspace = await workspaces.open();
      await workspace.write(
        'p/a.yaml',
        'apiVersion: tocsin.dev/v1\nkind: SourceMapping\nmetadata: { name: edr }\nspec: { fields: { name: title } }\n',
      );
      await workspace.write('tocsin.yaml', 'ingest: { sources: { generic: { mappings: { edr: { fields: { name: x } } } } } }\n');
      const { code, out } = await workspace.tocsin('check', '@/p', '--config', '@/tocsin.yaml');
      expect(code).toBe(1);
      expect(out).toContain('p/a.yaml:3:19: metadata.name: is "edr", the name of a mapping in tocsin.yaml');
    });

    it('says that the file cannot be read', async () => {
      const { code, err } = await (await workspaces.open()).tocsin('check', '--config', '@/absent.yaml');
      expect(code).toBe(2);
      expect(err).toContain('"absent.yaml" cannot be read (ENOENT)');
    });
  });

  it('asks receivers, says what to fix there, and writes nothing', async () => {
    const fake = await fakeJira({ flavor: 'cloud', authorization: 'Bearer canary', lacks: ['TRANSITION_ISSUES'] });
    process.env['TEST_CHECK_LIVE'] = 'canary';
    const workspace = await workspaces.open();
    const document = (name: string, channel: string): string =>
      `apiVersion: tocsin.dev/v1\nkind: Subscription\nmetadata: { name: ${name} }\nspec: { events: incidents, channel: ${channel} }\n`;
    const jira = (more: string): string => `{ type: jira, url: "${fake.url}", auth: { bearer: { env: TEST_CHECK_LIVE } }, project: SEC${more} }`;
    await workspace.write('p/a.yaml', [document('tickets', jira('')), document('siem', '{ type: syslog, host: 127.0.0.1 }')].join('---\n'));
    const { code, out, err } = await workspace.tocsin('check', '--live', '@/p');
    expect(out + err).not.toContain('canary');
    expect([code, out.split('\n')]).toEqual([
      1,
      [
        'Valid: 2 Subscription.',
        '',
        'tickets (jira)',
        '  ok  connection: Jira Cloud',
        '  ok  login: is Tocsin',
        '  NO  permissions: lacks TRANSITION_ISSUES in the project SEC, which is not there or has to grant them',
        '',
        'siem (syslog): nothing is asked; try `tocsin drill siem` on a running Tocsin',
        '',
      ],
    ]);
    const { out: json } = await workspace.tocsin('check', '--live', '@/p', '-o', 'json');
    expect(JSON.parse(json)).toMatchObject({ valid: true, receivers: [{ subscription: 'tickets', channel: 'jira' }, { subscription: 'siem' }] });
    await fake.close();
  });
});
