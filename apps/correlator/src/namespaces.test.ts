// A document of a namespace sees and mutes nothing of another one, whatever it says, in every kind of rule.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Violation } from '@tocsin/domain';
import { judge, type PolicyObject } from '@tocsin/policy';
import { at, GRACE, HOUR, START } from './pipeline/testing.js';
import { compilePolicies, ruleKindRegistry, silencesOf } from './policies.js';
import { Simulation } from './simulation.js';

const OWN = 'tocsin';

/** The object of a namespace, by its kind and name. */
function object(namespace: string, kind: 'CorrelationRule' | 'Silence', name: string, spec: object): PolicyObject {
  return { kind, metadata: { name, namespace, uid: `${namespace}/${kind}/${name}`, resourceVersion: '1', generation: 1 }, spec };
}

const base = { title: 'T', severity: 'high' };
const all = { ...base, filter: 'true || true' };
const parts = [
  object('pay', 'CorrelationRule', 'first', { ...all, kind: 'single', generate: false, filter: 'violation.name == "first"' }),
  object('pay', 'CorrelationRule', 'second', { ...all, kind: 'single', generate: false, filter: 'violation.name == "second"' }),
];
const chain = { ...base, rules: ['first', 'second'] };

/** One document of each kind of rule, as greedy as can be, which opens an incident for what happens below. */
const GREEDY: Record<string, object> = {
  single: all,
  event_count: { ...all, timespan: '5m', condition: { gte: 2 } },
  value_count: { ...all, timespan: '5m', condition: { field: 'name', gte: 2 } },
  temporal: { ...chain, timespan: '5m' },
  temporal_ordered: { ...chain, timespan: '5m' },
  absence: { ...base, rules: ['second', 'third'], timespan: '5m', after: 'second', expect: 'third' },
  risk: { ...chain, timespan: '1h', halfLife: '1h', condition: { gte: 2 }, scores: { first: 1, second: 1.5 } },
};

it('every kind of rule is tried here', () => {
  expect(Object.keys(GREEDY).toSorted()).toEqual([...ruleKindRegistry.keys()].toSorted());
});

describe('documents of a namespace', () => {
  let simulation: Simulation;
  afterEach(() => simulation.close());

  async function play(objects: PolicyObject[]): Promise<void> {
    const { result: set, verdicts } = judge(objects, {
      schemas: { ruleKinds: ruleKindRegistry },
      interpret: (found) => found,
      lastGood: new Map(),
      reachOf: ({ metadata: { namespace } }) => (namespace === OWN ? undefined : { cluster: 'test', namespace }),
    });
    expect(verdicts.flatMap(({ mistakes }) => mistakes)).toEqual([]);
    simulation = await Simulation.open({ rules: compilePolicies(set.rules, GRACE), silences: silencesOf(set), startAt: START });
  }

  /** The same happens in two namespaces and in a cluster beside. */
  const everywhere = (seconds: number, name: string): Violation[] => [
    at(seconds, { name, workload: { namespace: 'pay', name: 'web' } }),
    at(seconds, { name, workload: { namespace: 'shop', name: 'web' } }),
    at(seconds, { name, workload: { namespace: 'pay', name: 'web' }, cluster: 'other' }),
  ];

  it.each(Object.entries(GREEDY))('make incidents of what happens there alone: %s', async (kind, spec) => {
    const third = object('pay', 'CorrelationRule', 'third', { ...all, kind: 'single', generate: false, filter: 'violation.name == "third"' });
    // Grouped by something that all have in common, so that one incident could hold them all.
    await play([...parts, third, object('pay', 'CorrelationRule', 'greedy', { ...spec, kind, groupBy: ['pod.name'] })]);
    const story = [...everywhere(0, 'first'), ...everywhere(1, 'second')];
    await simulation.feed(story);
    await simulation.advanceTo(START + HOUR);
    const incidents = await simulation.incidents();
    expect(incidents.length).toBeGreaterThan(0);
    const trails = await Promise.all(incidents.map(({ id }) => simulation.trail(id)));
    const seen = new Set(trails.flat().map(({ id }) => id));
    const ours = new Set(story.filter(({ cluster, workload }) => cluster === 'test' && workload.namespace === 'pay').map(({ id }) => id));
    expect(seen.size).toBeGreaterThan(0);
    expect([...seen].filter((id) => !ours.has(id))).toEqual([]);
    expect(new Set(incidents.map(({ rule }) => rule.name))).toEqual(new Set(['pay/greedy']));
  });

  const shells = object(OWN, 'CorrelationRule', 'shells', { ...all, kind: 'single' });
  const mutedBy = async (): Promise<Record<string, string[]>> =>
    Object.fromEntries(
      (await simulation.incidents()).map(({ rule, cluster, group, muted = [] }) => [
        `${rule.name} ${cluster}/${group['workload.namespace']}`,
        muted.map(({ by, id }) => (by === 'silence' ? id : by)),
      ]),
    );

  it('silence what is about it, and nothing else', async () => {
    const silence = { filter: 'true', endsAt: '2030-01-01T00:00:00Z', author: 'pay', comment: 'quiet' };
    await play([shells, object('pay', 'Silence', 'quiet', silence)]);
    await simulation.feed(everywhere(0, 'shell'));
    expect(await mutedBy()).toEqual({ 'shells test/pay': ['document:pay/quiet'], 'shells test/shop': [], 'shells other/pay': [] });
  });

  it('inhibit incidents of rules of the namespace, never those of others with the same name', async () => {
    const louder = { ...all, kind: 'single', inhibits: [{ rules: ['shells'], equal: ['workload.name'] }], groupBy: ['workload.name'] };
    const byWorkload = { ...all, kind: 'single', groupBy: ['workload.name', 'workload.namespace', 'cluster'] };
    await play([
      object(OWN, 'CorrelationRule', 'shells', byWorkload),
      object('pay', 'CorrelationRule', 'shells', byWorkload),
      object('pay', 'CorrelationRule', 'louder', louder),
    ]);
    await simulation.feed(everywhere(0, 'shell'));
    await simulation.feed(everywhere(10, 'shell'));
    const muted = await mutedBy();
    expect(muted['pay/shells test/pay']).toEqual(['inhibition']);
    expect(Object.entries(muted).filter(([name, by]) => name.startsWith('shells ') && by.length > 0)).toEqual([]);
    expect(Object.keys(muted).filter((name) => name.startsWith('shells '))).toHaveLength(3);
  });
});
