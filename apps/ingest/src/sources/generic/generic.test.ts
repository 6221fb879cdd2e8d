import { describe, expect, it } from '@jest/globals';
import type { Violation } from '@tocsin/domain';
import { type ConfigErrors, parseYaml } from '@tocsin/extension';
import { parseSyslog } from '@tocsin/syslog';
import { received, runSourceContract, violations } from '../contract.js';
import type { Received } from '../source.js';
import { generic } from './generic.js';
import { parsePath } from './mapping.js';

const CONFIG = `
default: scanner
mappings:
  scanner:
    fields:
      id: finding.id
      time: [finding.at, created]
      name: finding.title
      message: finding.text
      kind: { const: vulnerability }
      workload.namespace: 'labels["k8s.ns"]'
      pod.name: labels.pod
      process.pid: pids[1]
      file.path: [finding.nowhere, { const: /etc/passwd }]
    severity:
      from: finding.sev
      map: { P1: critical, P4: low }
      default: medium
    attacks: [finding.mitre]
    tags: [tags, { const: scanner }]
    labels:
      team: labels.team
  batch:
    items: result.events
    fields: { name: rule }
`;
const finding = {
  id: 'F-1',
  at: '2026-09-14T14:02:11Z',
  title: 'Secret in image',
  text: 'A key was found.',
  sev: 'p1',
  mitre: ['mitre_credential_access', 'T1552.001'],
};
const event = {
  finding,
  created: 1789394531,
  labels: { 'k8s.ns': 'shop', pod: 'web-6d5f7c9b8d-x2lqp', team: 'cart' },
  pids: [1, '42'],
  tags: ['a', 'b'],
};

const settings = parseYaml(CONFIG, 'tocsin.yaml', generic.config) as never;
const create = () => generic.create(settings, undefined);
const decode = (body: unknown, changes: Partial<Received> = {}) =>
  create().decode(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), received(changes));
const one = (body: unknown, changes: Partial<Received> = {}): Violation => violations(decode(body, changes))[0] as Violation;

runSourceContract({
  type: 'generic',
  create,
  good: [
    { name: 'a mapped event', body: JSON.stringify(event) },
    { name: 'a list inside', body: JSON.stringify({ result: { events: [{ rule: 'a' }, { rule: 'b' }] } }), received: { mapping: 'batch' } },
    { name: 'a violation by its own names', body: '{"name":"x","severity_id":6,"pod":{"name":"db-0"}}', received: { mapping: 'tocsin' } },
  ],
  item: event,
});

describe('generic', () => {
  it('maps by path, constant and alternatives', () => {
    expect(one(event)).toMatchObject({
      name: 'Secret in image',
      message: 'A key was found.',
      severity_id: 5,
      time: '2026-09-14T14:02:11.000Z',
      kind: 'vulnerability',
      workload: { namespace: 'shop', name: 'web' },
      pod: { name: 'web-6d5f7c9b8d-x2lqp' },
      process: { pid: 42 },
      file: { path: '/etc/passwd' },
      attacks: [{ tactic: 'credential_access' }, { technique: 'T1552.001' }],
      tags: ['a', 'b', 'scanner'],
      labels: { team: 'cart' },
    });
  });

  it('falls back to the next alternative and to the default severity', () => {
    const { at: _at, ...timeless } = finding;
    expect(one({ ...event, finding: { ...timeless, sev: 'odd' } })).toMatchObject({ severity_id: 3, time: '2026-09-14T14:02:11.000Z' });
    expect(one({ ...event, finding: { ...finding, sev: 'High' } }).severity_id).toBe(4);
  });

  it('finds the events in a list inside the body', () => {
    const decoded = decode({ result: { events: [{ rule: 'a' }, 7, { rule: 'b' }] } }, { mapping: 'batch' });
    expect(decoded.map((entry) => ('id' in entry ? entry.name : entry.message))).toEqual(['a', 'is a number, expected a JSON object', 'b']);
    expect(() => decode({ result: {} }, { mapping: 'batch' })).toThrow('is missing, expected a list of events');
  });

  it('names the known mappings when another is asked for', () => {
    expect(() => decode(event, { mapping: 'scaner' })).toThrow('is "scaner", expected one of: scanner, batch, tocsin, syslog');
  });

  it('takes a violation by its own field names without any mapping', () => {
    const body = {
      name: 'Odd login',
      severity: 'high',
      workload: { namespace: 'shop', name: 'web' },
      user: { name: 'eve' },
      dst_endpoint: { ip: '203.0.113.5', port: 22 },
    };
    expect(one(body, { mapping: 'tocsin' })).toMatchObject({
      name: 'Odd login',
      severity_id: 4,
      workload: { name: 'web' },
      user: { name: 'eve' },
      dst_endpoint: { port: 22 },
    });
    expect(decode({ severity: 'high' }, { mapping: 'tocsin' })[0]).toMatchObject({ field: 'name' });
  });

  it('makes a violation of any syslog message', () => {
    const message = parseSyslog(Buffer.from('<34>1 2026-09-14T22:14:15.003Z mymachine su 77 ID47 - failed {"n":12345678901234567890}'), 0);
    const body = generic.fromSyslog?.(message) ?? Buffer.alloc(0);
    expect(one(body.toString(), { mapping: 'syslog' })).toMatchObject({
      name: 'ID47',
      severity_id: 5,
      time: '2026-09-14T22:14:15.003Z',
      node: { name: 'mymachine' },
      process: { name: 'su', pid: 77 },
      labels: { 'syslog.facility': '4' },
    });
  });

  it('hands JSON in a syslog message to the mapping with its digits', () => {
    const body = generic.fromSyslog?.(parseSyslog(Buffer.from('<34>{"n":12345678901234567890}'), 0));
    expect(body?.toString()).toContain('"json":{"n":12345678901234567890}');
  });

  it.each([
    ['mappings: { m: { fields: { message: a } } }', 'mappings.m.fields.name: is missing'],
    ['mappings: { m: { fields: { name: "a..b" } } }', 'is "a..b", expected a path such as'],
    ['mappings: { m: { fields: { name: $.rule.title } } }', 'is "$.rule.title", but paths begin at the event itself; write "rule.title"'],
    [`mappings: { m: { items: '$["a.b"]', fields: { name: a } } }`, `is "$["a.b"]", but paths begin at the event itself; write '["a.b"]'`],
    ['mappings: { m: { fields: { name: a, mesage: b } } }', 'mesage: is not a known key; did you mean "message"?'],
    ['mappings: { m: { fields: { name: a }, severity: { map: { P1: huge } } } }', 'is "huge"; did you mean "high"?'],
  ])('explains the mistake in %j', (yaml, message) => {
    let found = '';
    try {
      parseYaml(yaml, 'tocsin.yaml', generic.config);
    } catch (error) {
      found = (error as ConfigErrors).message;
    }
    expect(found).toContain(message);
  });

  it.each([
    ['a.b', ['a', 'b']],
    ['a[0].b', ['a', 0, 'b']],
    ['["k8s.ns"].x', ['k8s.ns', 'x']],
    ["a['b.c']", ['a', 'b.c']],
    ['', undefined],
    ['.a', undefined],
    ['a.', undefined],
    ['a[', undefined],
    ['a b', undefined],
  ])('reads the path %j', (source, path) => expect(parsePath(source)).toEqual(path));
});
