import { describe, expect, it } from '@jest/globals';
import type { ActionTarget } from '@tocsin/domain';
import { buildIncident, buildViolation } from '@tocsin/testing';
import { z } from 'zod';
import { compileFilter, type EventVariable } from '../cel/filter.js';
import type { PolicySchemas } from '../kinds/document-kind.js';
import type { PolicyKind } from '../kinds/resources.js';
import { judge } from '../kubernetes/judge.js';
import type { PolicySet } from '../policies.js';
import { filterWithin } from './reach.js';

const REACH = { cluster: 'prod', namespace: 'pay' };

/** What the set has of one object of the namespace, and what was found wrong with it. */
function within(kind: PolicyKind, spec: object, schemas: PolicySchemas = {}): { set: PolicySet; mistakes: string[] } {
  const metadata = { name: 'a', namespace: 'pay', uid: 'u', resourceVersion: '1', generation: 1 };
  const { result, verdicts } = judge([{ kind, metadata, spec }], { schemas, interpret: (set) => set, lastGood: new Map(), reachOf: () => REACH });
  return { set: result, mistakes: verdicts.flatMap(({ mistakes }) => mistakes) };
}

const ours = { cluster: 'prod', workload: { namespace: 'pay', name: 'web' } };
/** Its name, and whether documents of the namespace reach it. */
type Case = [string, object, boolean];
const violations: Case[] = [
  ['of the namespace', buildViolation(ours), true],
  ['of another namespace', buildViolation({ ...ours, workload: { namespace: 'shop', name: 'web' } }), false],
  ['of a namespace that begins alike', buildViolation({ ...ours, workload: { namespace: 'pay-eu', name: 'web' } }), false],
  ['of another cluster', buildViolation({ ...ours, cluster: 'test' }), false],
  ['of no namespace', buildViolation({ ...ours, workload: { name: 'pay' } }), false],
];
const group = { cluster: 'prod', 'workload.namespace': 'pay' };
const incidents: Case[] = [
  ['of the namespace', buildIncident({ cluster: 'prod', group }), true],
  ['of another namespace', buildIncident({ cluster: 'prod', group: { ...group, 'workload.namespace': 'shop' } }), false],
  ['of another cluster', buildIncident({ cluster: 'test', group: { ...group, cluster: 'test' } }), false],
  [
    'of a rule of the namespace, however it groups',
    buildIncident({ cluster: '', group: {}, rule: { name: 'pay/a', version: '1', title: 'A' } }),
    true,
  ],
  [
    'of a rule of a namespace that begins alike',
    buildIncident({ cluster: '', group: {}, rule: { name: 'pay-eu/a', version: '1', title: 'A' } }),
    false,
  ],
  ['of several clusters', buildIncident({ cluster: '', group: { 'workload.namespace': 'pay' } }), false],
  [
    'of several namespaces',
    buildIncident({ cluster: 'prod', group: { cluster: 'prod', 'process.name': 'nc' }, entities: [{ type: 'pod', name: 'pay/web-1' }] }),
    false,
  ],
];
const on = (cluster: string, target: ActionTarget): object => ({ schema: 1, state: 'planned', type: 'snapshot', cluster, target });
const actions: Case[] = [
  ['in the namespace', on('prod', { type: 'pod', name: 'pay/web-1' }), true],
  ['in another namespace', on('prod', { type: 'pod', name: 'shop/web-1' }), false],
  ['in a namespace that begins alike', on('prod', { type: 'workload', name: 'pay-eu/web' }), false],
  ['in another cluster', on('test', { type: 'pod', name: 'pay/web-1' }), false],
  ['on a node', on('prod', { type: 'node', name: 'pay/node' }), false],
];

/** Conditions of somebody who wants everything. */
const greedy = (variable: EventVariable): string[] => [
  'true',
  'true || true',
  'true // and the rest is a comment',
  'false ? false : true',
  `${variable}.cluster != "x" || true`,
  `!(${variable}.cluster == "x")`,
  `true\n|| ${variable}.cluster == "x"`,
];

describe.each([
  ['violation', violations],
  ['incident', incidents],
  ['action', actions],
] as [EventVariable, Case[]][])('a condition over %s, of a namespace', (variable, events) => {
  it.each(events)('%s', (_name, event, passes) => {
    for (const source of greedy(variable)) {
      expect({ source, passes: compileFilter(filterWithin(REACH, source, variable), variable).test(event) }).toEqual({ source, passes });
    }
    expect(compileFilter(filterWithin(REACH, undefined, variable), variable).test(event)).toBe(passes);
  });

  it('takes names of clusters as they are', () => {
    const [, event] = events[0] as Case;
    const named = { ...event, cluster: 'a"\\ || true' };
    expect(compileFilter(filterWithin({ ...REACH, cluster: named.cluster }, undefined, variable), variable).test(event)).toBe(false);
    expect(compileFilter(filterWithin({ ...REACH, cluster: named.cluster }, undefined, variable), variable).test(named)).toBe(true);
  });
});

describe('documents of a namespace', () => {
  const rule = { title: 'T', severity: 'high', kind: 'single', filter: 'true' };

  it.each(['true) || (true', 'true /*', '"', 'true) // '])('that would break out of their condition are refused: %s', (filter) => {
    expect(within('CorrelationRule', { ...rule, filter }).mistakes).toEqual([expect.stringMatching(/^spec\.filter: /)]);
  });

  it('have the namespace in their name, so that none stands for another', () => {
    expect(within('CorrelationRule', rule).set.rules.map(({ metadata, reach }) => [metadata.name, reach])).toEqual([['pay/a', REACH]]);
  });

  it('tell mistakes of what was written, not of what became of it', () => {
    expect(within('CorrelationRule', { ...rule, filter: 'violation.nam == "x"' }).mistakes[0]).toContain('(character 1 of the condition)');
  });

  it('name rules of the namespace alone', () => {
    const { filter: _filter, ...chain } = rule;
    const { set } = within('CorrelationRule', {
      ...chain,
      rules: ['b', 'shop/c'],
      groupBy: ['peer'],
      aliases: { peer: { b: 'src_endpoint.ip', 'shop/c': 'dst_endpoint.ip' } },
      inhibits: [{ rules: ['crypto-miner'], equal: ['peer'] }],
      after: 'b',
      scores: { b: 2 },
    });
    expect(set.rules[0]?.spec).toMatchObject({
      rules: ['pay/b', 'pay/shop/c'],
      aliases: { peer: { 'pay/b': 'src_endpoint.ip', 'pay/shop/c': 'dst_endpoint.ip' } },
      inhibits: [{ rules: ['pay/crypto-miner'] }],
      kindConfig: { after: 'pay/b', scores: { 'pay/b': 2 } },
    });
  });

  it('do nothing to nodes', () => {
    const policy = { match: { incidents: 'true' }, steps: [{ action: 'snapshot' }, { action: 'cordon' }] };
    expect(within('ResponsePolicy', policy).mistakes).toEqual([
      expect.stringMatching(/^spec\.steps\[1\]\.action: is "cordon", which concerns a whole node/),
    ]);
  });

  it('do not say how events are read', () => {
    expect(within('SourceMapping', {}).mistakes).toEqual([expect.stringContaining('a mapping decides which namespace events are about')]);
  });
});

describe('a Subscription of a namespace', () => {
  const open = { config: z.looseObject({}), forNamespaces: { withheld: ['tls'] } };
  const channels = new Map([
    ['webhook', { type: 'webhook', ...open }],
    ['file', { type: 'file', config: z.looseObject({}) }],
  ]);
  const of = (channel: object): string[] => within('Subscription', { events: 'incidents', channel }, { channels }).mistakes;

  it.each([
    { type: 'webhook', url: 'https://hooks.example.com/pay', headers: { 'x-team': 'pay' } },
    { type: 'webhook', url: 'https://10.0.0.7/', auth: { bearer: { env: 'TOCSIN_PAY__TOKEN_2' } } },
  ])('may send by %j', (channel) => {
    expect(of(channel)).toEqual([]);
  });

  it.each([
    [{ type: 'file', path: '/data/x' }, 'spec.channel.type: is "file", which only Subscriptions in Tocsin\'s own namespace may use; others: webhook'],
    [{ type: 'webhook', tls: {} }, "spec.channel.tls: is not for Subscriptions of other namespaces than Tocsin's own"],
    [{ type: 'webhook', secrets: [{ file: '/etc/passwd' }] }, 'spec.channel.secrets[0]: names a file of the notifier'],
    [{ type: 'webhook', auth: { bearer: { env: 'DATABASE_URL' } } }, 'spec.channel.auth.bearer: names a secret that is not of this namespace'],
    [{ type: 'webhook', auth: { bearer: { env: 'TOCSIN_PAY_EU__TOKEN' } } }, 'expected { env: TOCSIN_PAY__… }'],
    [{ type: 'webhook', auth: { bearer: { env: 'TOCSIN_PAY__EU__TOKEN' } } }, 'expected { env: TOCSIN_PAY__… }'],
    [{ type: 'webhook', url: 'http://127.0.0.1:8080/v1/tokens' }, 'spec.channel.url: leads to Tocsin itself'],
    [{ type: 'webhook', url: 'http://localhost.:8080/' }, 'leads to Tocsin itself'],
    [{ type: 'webhook', url: 'http://0x7f.1/' }, 'leads to Tocsin itself'],
    [{ type: 'webhook', url: 'http://[::1]/' }, 'leads to Tocsin itself'],
    [{ type: 'webhook', url: 'http://[::ffff:127.0.0.1]/' }, 'leads to Tocsin itself'],
  ])('may not send by %j', (channel, message) => {
    expect(of(channel)).toEqual([expect.stringContaining(message)]);
  });
});
