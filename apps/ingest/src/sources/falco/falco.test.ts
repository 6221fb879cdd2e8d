import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Violation } from '@tocsin/domain';
import { received, runSourceContract, violations } from '../contract.js';
import { BadInput, type Received } from '../source.js';
import { falco } from './falco.js';

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
const lines = fixture('alerts.jsonl').trim().split('\n');
const shell = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
const outputFields = shell['output_fields'] as Record<string, unknown>;

const decode = (body: string, changes: Partial<Received> = {}) => falco.create({}, undefined).decode(Buffer.from(body), received(changes));
const one = (body: unknown): Violation => violations(decode(typeof body === 'string' ? body : JSON.stringify(body)))[0] as Violation;
const withFields = (changes: Record<string, unknown>): Violation => one({ ...shell, output_fields: { ...outputFields, ...changes } });

runSourceContract({
  type: 'falco',
  create: () => falco.create({}, undefined),
  good: [
    { name: 'one alert', body: lines[0] ?? '' },
    { name: 'NDJSON', body: fixture('alerts.jsonl') },
    { name: 'a list', body: `[${lines.join(', ')}]` },
    { name: 'a Kubernetes audit alert, pretty-printed', body: fixture('k8s-audit.json') },
  ],
  item: shell,
});

describe('falco', () => {
  it('decodes a shell in a container', () => {
    expect(one(lines[0] ?? '')).toMatchObject({
      source: 'falco',
      kind: 'process',
      name: 'Terminal shell in container',
      severity_id: 2,
      time: '2026-09-14T14:02:11.123Z',
      cluster: 'test',
      workload: { namespace: 'shop', name: 'web' },
      pod: { name: 'web-6d5f7c9b8d-x2lqp' },
      container: { id: '3f1c9d0a5b21', name: 'web' },
      image: { name: 'registry.example.com/shop/web', tag: '1.4.2' },
      node: { name: 'worker-2' },
      user: { name: 'root', uid: 0 },
      process: { name: 'bash', path: '/usr/bin/bash', cmd_line: 'bash -i', parent: { name: 'runc' } },
      disposition: 'Detected',
      attacks: [{ tactic: 'execution', technique: 'T1059' }],
      count: 1,
      labels: { 'falco.source': 'syscall', 'evt.type': 'execve', 'proc.tty': '34816', 'user.loginuid': '-1' },
    });
  });

  it('keeps every digit of evt.time, which JSON.parse would round, in raw', () => {
    const violation = one(lines[0] ?? '');
    expect(violation.raw).toBe(lines[0]);
    expect(violation.raw).toContain('1789394531123456789');
    expect(violation.labels).not.toHaveProperty('evt.time');
    const second = violations(decode(`[${lines[1]},${lines[0]}]`))[1];
    expect(second?.raw).toBe(lines[0]);
  });

  it('reads an alert by its uuid, else by its content in any order of keys', () => {
    const { uuid: _, ...anonymous } = shell;
    const turned = Object.fromEntries(Object.entries(anonymous).toReversed());
    expect(one(anonymous).id).toBe(one(turned).id);
    expect(one(anonymous).id).not.toBe(one({ ...anonymous, output: 'else' }).id);
    expect(one(shell).id).toBe(one({ ...shell, output: 'else' }).id);
  });

  it.each([
    ['INFO', 1],
    ['informational', 1],
    ['WARNING', 3],
    ['Emergency', 6],
    ['crit', 5],
    ['Debug', 1],
  ])('reads the priority %s', (priority, severity) => {
    expect(one({ ...shell, priority }).severity_id).toBe(severity);
  });

  it('decodes a file and a connection by the name of their descriptor', () => {
    expect(one(lines[2] ?? '')).toMatchObject({ kind: 'file', file: { path: '/etc/ld.so.preload' } });
    expect(withFields({ 'evt.type': 'connect', 'fd.name': '10.42.1.37:51234->203.0.113.54:443', 'fd.l4proto': 'TCP' })).toMatchObject({
      kind: 'network',
      src_endpoint: { ip: '10.42.1.37', port: 51234 },
      dst_endpoint: { ip: '203.0.113.54', port: 443 },
      protocol: 'tcp',
    });
    expect(withFields({ 'evt.type': 'connect', 'fd.name': '2001:db8::1:51234->2001:db8::2:443' })).toMatchObject({
      src_endpoint: { ip: '2001:db8::1', port: 51234 },
    });
    expect(withFields({ 'evt.type': 'connect', 'fd.name': 'x', 'fd.sip': '203.0.113.54', 'fd.sport': '443' }).dst_endpoint).toEqual({
      ip: '203.0.113.54',
      port: 443,
    });
  });

  it.each([
    ['web-6d5f7c9b8d-x2lqp', 'web'],
    ['argocd-applicationset-controller-5799c8844-2dbjm', 'argocd-applicationset-controller'],
    ['falco-x2lqp', 'falco'],
    ['orders-db-0', 'orders-db'],
    ['backup-28391040-x2lqp', 'backup'],
    ['squid-proxy', 'squid-proxy'],
    ['nginx', 'nginx'],
    ['-', '-'],
  ])('finds the workload of pod %s', (pod, workload) => {
    expect(withFields({ 'k8s.pod.name': pod }).workload.name).toBe(workload);
  });

  it('decodes an alert of the Kubernetes audit log', () => {
    const violation = one(fixture('k8s-audit.json'));
    expect(violation).toMatchObject({
      kind: 'audit',
      workload: { namespace: 'shop', name: 'web' },
      pod: { name: 'web-6d5f7c9b8d-x2lqp' },
      user: { name: 'alice@example.com' },
      attacks: [{ tactic: 'execution' }],
      labels: { 'ka.verb': 'create', 'ka.target.subresource': 'exec' },
    });
    expect(violation.node).toBeUndefined();
  });

  it('takes alerts of the host, with null and list values and without hostname, source and tags', () => {
    const { hostname: _h, source: _s, tags: _t, ...bare } = shell;
    const violation = one({
      ...bare,
      output_fields: {
        'container.id': 'host',
        'k8s.ns.name': null,
        'k8s.pod.name': 42,
        'proc.name': 'nc',
        'proc.aname[2]': ['a'],
        'proc.tty': true,
        'user.name': '<NA>',
      },
    });
    expect(violation).toMatchObject({ workload: { name: '42' }, process: { name: 'nc' }, tags: [], attacks: [] });
    expect(violation.container).toBeUndefined();
    expect(violation.user).toBeUndefined();
    expect(one({ ...bare, output_fields: null }).workload).toEqual({});
  });

  it('stamps an alert without a time with the time of receipt and keeps its id', () => {
    const { time: _, ...timeless } = shell;
    const fields = { 'proc.name': 'nc' };
    expect(one({ ...timeless, output_fields: fields }).time).toBe('2026-09-14T15:00:00.000Z');
  });

  it('names the field, the value and what was expected', () => {
    expect(decode(`[${lines[0]},{"priority":"Loud","rule":"x"},{"priority":"Error"},7]`).slice(1)).toEqual([
      expect.objectContaining({
        index: 1,
        field: 'priority',
        message: 'is "Loud", expected one of: Emergency, Alert, Critical, Error, Warning, Notice, Informational, Debug',
      }),
      expect.objectContaining({ index: 2, field: 'rule', message: "is missing, expected the name of Falco's rule" }),
      expect.objectContaining({ index: 3, field: '', message: 'is a number, expected a JSON object' }),
    ]);
  });

  it('keeps the bytes of a bad line apart from the good lines around it', () => {
    const decoded = decode(`${lines[0]}\n{"broken\n${lines[1]}`);
    expect(decoded.map((entry) => (entry instanceof BadInput ? entry.bytes?.toString() : entry.name))).toEqual([
      'Terminal shell in container',
      '{"broken',
      'Launch Package Management Process in Container',
    ]);
  });

  it('takes the cluster from an output field where configured', () => {
    const decoder = falco.create({ clusterField: 'cluster' }, undefined);
    const [violation] = violations(
      decoder.decode(Buffer.from(JSON.stringify({ ...shell, output_fields: { ...outputFields, cluster: 'prod-eu-1' } })), received()),
    );
    expect(violation?.cluster).toBe('prod-eu-1');
  });
});
