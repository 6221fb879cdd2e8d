import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Violation } from '@tocsin/domain';
import { burst, useWorkspace } from '../testing.js';

const rule = (name: string, spec: string): string =>
  `apiVersion: tocsin.dev/v1\nkind: CorrelationRule\nmetadata: { name: ${name} }\nspec:\n  title: ${name}\n  severity: high\n${spec.replaceAll(/^/gm, '  ')}\n`;

const CHAIN = [
  rule('shells', 'kind: single\ngenerate: false\nfilter: violation.process.name == "bash" && violation.severity_id >= 3'),
  rule('egress', 'kind: single\ngenerate: false\nfilter: violation.kind == "network" && !(violation.dst_endpoint.ip.startsWith("10."))'),
  rule('chain', 'kind: temporal_ordered\nrules: [shells, egress]\ntimespan: 5m\nescalate: [{ to: critical, when: incident.count >= 5 }]'),
].join('---\n');

let serial = 0;
function violation(seconds: number, parts: Partial<Violation>): Violation {
  const time = new Date(Date.UTC(2026, 5, 1, 12) + seconds * 1_000).toISOString();
  const id = `00000000-0000-5000-8000-${String(++serial).padStart(12, '0')}`;
  const plain = {
    schema: 1,
    id,
    source: 'falco',
    kind: 'process',
    name: 'Event',
    message: '',
    severity_id: 3,
    time,
    received_time: time,
    cluster: 'prod',
  } as const;
  return { ...plain, workload: { namespace: 'shop', name: 'web' }, disposition: 'Detected', attacks: [], tags: [], count: 1, raw: '{}', ...parts };
}

describe('tocsin explain', () => {
  const workspaces = useWorkspace();

  async function ask(policy: string, name: string, events: unknown, ...options: string[]) {
    const workspace = await workspaces.open(typeof events === 'string' ? events : JSON.stringify(events));
    await workspace.write('p/a.yaml', policy);
    return workspace.tocsin('explain', name, '-', '--policy', '@/p', ...options);
  }

  it('says which terms keep an event out, with what was found', async () => {
    const { code, out } = await ask(CHAIN, 'shells', violation(0, { process: { name: 'zsh' } }));
    expect(code).toBe(1);
    expect(out).toBe(`Rule "shells" (single), p/a.yaml:2: shells

Event 1: Event (shop/web) at 2026-06-01T12:00:00.000Z
  does not match "shells":
    - violation.process.name == "bash"
        found "zsh"

It makes no incident: the event does not match.
`);
  });

  it('says what an absent field, a negation and a value of another type come to', async () => {
    const text = rule('r', `kind: single\nfilter: violation.user.name == "a" || !(violation.kind == "process") || violation.count > 3`);
    const { out } = await ask(text, 'r', violation(0, { count: '4' as never }));
    expect(out).toContain('    - violation.user.name == "a"\n        found absent\n');
    expect(out).toContain('    - not violation.kind == "process"\n        found "process"\n');
    expect(out).toContain('    - violation.count > 3\n        found "4", which cannot be compared so\n');
  });

  it('follows a chain to the incident that it makes', async () => {
    const outside = { kind: 'network', name: 'Connection', dst_endpoint: { ip: '203.0.113.9' } } as const;
    const { code, out } = await ask(CHAIN, 'chain', [violation(60, outside), violation(0, { name: 'Shell', process: { name: 'bash' } })]);
    expect(code).toBe(0);
    expect(out).toBe(
      `Rule "chain" (temporal_ordered), p/a.yaml:22: chain

Event 1: Shell (shop/web) at 2026-06-01T12:00:00.000Z
  matches "shells"
    + violation.process.name == "bash"
        found "bash"
    + violation.severity_id >= 3
        found 3
  does not match "egress":
    - violation.kind == "network"
        found "process"
    - not violation.dst_endpoint.ip.startsWith("10.")
        found absent
  counts under cluster prod, workload.namespace shop, workload.name web

Event 2: Connection (shop/web) at 2026-06-01T12:01:00.000Z
  does not match "shells":
    - violation.process.name == "bash"
        found absent
  matches "egress"
    + violation.kind == "network"
        found "network"
    + not violation.dst_endpoint.ip.startsWith("10.")
        found "203.0.113.9"
  counts under cluster prod, workload.namespace shop, workload.name web

It makes an incident: chain (shop/web), high, of 2 violations
  2 violations matched rule "chain", and shells, then egress matched within 5 min.
  group: cluster prod, workload.namespace shop, workload.name web
  holds 2026-06-01T12:00:00.000Z  Shell  by "shells"
  holds 2026-06-01T12:01:00.000Z  Connection  by "egress"
  does not escalate to critical
    - incident.count >= 5
        found 2
`,
    );
  });

  it('says what would be needed where events match and no incident comes of them', async () => {
    const shell = { process: { name: 'bash' } };
    const events = [violation(0, shell), violation(10, shell), violation(20, { ...shell, workload: { name: 'db' } })];
    const { code, out } = await ask(burst(), 'burst', events);
    expect(code).toBe(1);
    expect(out).toMatch(
      /It makes no incident, which would take that 3 or more matched within 1 min\. What matched:\n {2}2 events under cluster prod, workload\.name web\n {2}1 event under cluster prod, workload\.name db\n$/,
    );
  });

  it('says what a rule that counts values counts, and what has none', async () => {
    const ports = rule(
      'ports',
      'kind: value_count\nfilter: violation.kind == "network"\ntimespan: 1m\ncondition: { field: dst_endpoint.port, gte: 2 }',
    );
    const { code, out } = await ask(
      ports,
      'ports',
      [1, 2].map((port) => violation(port, { kind: 'network', dst_endpoint: { port } })).concat(violation(3, { kind: 'network' })),
    );
    expect(code).toBe(0);
    expect(out).toContain('  counts the dst_endpoint.port 2\n');
    expect(out).toContain('  does not count: it has no dst_endpoint.port\n');
  });

  it('waits for what should have happened and has not', async () => {
    const absence =
      rule('beat', 'kind: single\ngenerate: false\nfilter: violation.name == "beat"') +
      '---\n' +
      rule('stopped', 'kind: absence\nrules: [beat]\nafter: beat\nexpect: beat\ntimespan: 10m');
    const { code, out } = await ask(
      absence,
      'stopped',
      [0, 300, 600].map((seconds) => violation(seconds, { name: 'beat' })),
    );
    expect(code).toBe(0);
    expect(out).toContain('of 1 violation\n');
    expect(out).toContain('holds 2026-06-01T12:10:00.000Z');
  });

  it('explains rules that are not in force, and says so', async () => {
    const { code, out } = await ask(
      burst('', '  enabled: false\n'),
      'burst',
      [0, 1, 2].map((at) => violation(at, { process: { name: 'sh' } })),
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^Rule "burst" \(event_count, not in force\)/);
  });

  it('reads what a sensor sends', async () => {
    const alert = {
      rule: 'Terminal shell in container',
      priority: 'Notice',
      output: 'x',
      time: '2026-06-01T12:00:00Z',
      output_fields: { 'k8s.ns.name': 'pay', 'container.id': '3ad7b26ded6d' },
    };
    const { code, out } = await ask(burst(), 'shell-in-container', alert, '--source', 'falco');
    expect(code).toBe(0);
    expect(out).toContain('It makes an incident: Interactive shell in a container');
    expect(await ask(burst(), 'shell-in-container', alert, '--source', 'flaco')).toMatchObject({
      code: 2,
      err: expect.stringContaining('did you mean "falco"?'),
    });
    expect(await ask(burst(), 'shell-in-container', { rule: 'x' }, '--source', 'falco')).toMatchObject({
      code: 2,
      err: expect.stringContaining('"priority" is missing'),
    });
  });

  it.each([
    ['a page of the API', (one: Violation) => ({ items: [one], next_cursor: 'x' })],
    ['evidence', (one: Violation) => ({ items: [{ id: one.id, rule: 'r', violation: one }] })],
    ['the body of a webhook', (one: Violation) => ({ type: 'violation', timestamp: one.time, data: one })],
    ['a list', (one: Violation) => [one]],
    ['lines', (one: Violation) => `${JSON.stringify(one)}\n\n${JSON.stringify(one)}\n`],
  ])('takes %s', async (_, form) => {
    const { code } = await ask(CHAIN.replaceAll('generate: false', 'generate: true'), 'shells', form(violation(0, { process: { name: 'bash' } })));
    expect(code).toBe(0);
  });

  it.each([
    [{ rule: 'x', priority: 'Notice' }, 'event 1 is no violation: it has no "id"; if a sensor sent it, say which by --source'],
    [[], 'there are no events'],
    ['{"a": 1}\nnot json', 'the events are no JSON: neither as a whole nor line 2 by itself'],
    [violation(0, { time: 'yesterday' }), 'event 1 is no violation: its "time" is none'],
    [7, 'event 1 is no violation: it is no map'],
  ])('says what is wrong with %j', async (events, message) => {
    const { code, err } = await ask(CHAIN, 'shells', events);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it('says what is missing, and which rule may be meant', async () => {
    const workspace = await workspaces.open();
    await workspace.write('p/a.yaml', burst());
    expect(await workspace.tocsin('explain', 'burst')).toMatchObject({
      code: 2,
      err: expect.stringContaining('expected the name of a rule and a file with events'),
    });
    expect(await workspace.tocsin('explain', 'brst', '-', '--policy', '@/p')).toMatchObject({
      code: 2,
      err: expect.stringContaining('there is no rule "brst"; did you mean "burst"?'),
    });
    expect(await workspace.tocsin('explain', 'burst', '@/none.json', '--policy', '@/p')).toMatchObject({
      code: 2,
      err: expect.stringContaining('"none.json" cannot be read (ENOENT)'),
    });
    expect(await workspace.tocsin('explain', 'burst', '@/p/a.yaml', '--policy', '@/p', '--mapping', 'x')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--mapping is for --source generic'),
    });
  });

  it('gives it all as JSON', async () => {
    const { out } = await ask(CHAIN, 'shells', violation(0, { process: { name: 'zsh' } }), '-o', 'json');
    expect(JSON.parse(out)).toMatchObject({
      rule: { name: 'shells', kind: 'single', enabled: true },
      events: [
        {
          name: 'Event',
          where: 'shop/web',
          conditions: [{ rule: 'shells', matches: false, reasons: [{ found: [{ field: 'violation.process.name', value: '"zsh"' }] }] }],
        },
      ],
      incidents: [],
    });
  });

  it('asks a running Tocsin what became of a violation, by its id alone', async () => {
    const id = '7d1f0e52-3b6a-5c1e-9f21-0a4c2d6e8b90';
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ told: ['It came.', 'Nobody was told.'] }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const workspace = await workspaces.open();
    try {
      expect(await workspace.tocsin('explain', id, '--url', url)).toEqual({ code: 0, out: 'It came.\nNobody was told.\n', err: '' });
      expect(JSON.parse((await workspace.tocsin('explain', id, '--url', url, '-o', 'json')).out)).toEqual({ told: ['It came.', 'Nobody was told.'] });
    } finally {
      await new Promise((resolve) => void server.close(resolve));
    }
    expect(asked).toEqual([`/v1/violations/${id}/explain`, `/v1/violations/${id}/explain`]);
  });
});
