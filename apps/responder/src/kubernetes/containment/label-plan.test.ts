import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { labelPlan, type LabelPlan, type Surroundings } from './label-plan.js';
import type { Expression, HeldPod, LabelSelector, NetworkPolicy } from './policy.js';
import { selects } from './selector.js';

const POD: HeldPod = { labels: { app: 'web', 'pod-template-hash': 'abc', tier: 'front', team: 'a' }, hostNetwork: false, ports: [] };
const QUARANTINED: HeldPod = { ...POD, labels: { ...POD.labels, 'tocsin.dev/quarantine': 'q-1' } };
const replicaSet = (matchLabels: Record<string, string>): Surroundings['workloads'][number] => ({
  kind: 'ReplicaSet',
  metadata: { name: 'web-abc' },
  spec: { selector: { matchLabels } },
});
const service = (selector?: Record<string, string>, type = 'ClusterIP'): Surroundings['services'][number] => ({
  metadata: { name: 'web' },
  spec: { type, ...(selector !== undefined && { selector }) },
});
const allow = (podSelector: LabelSelector, name = 'allow'): NetworkPolicy => ({
  metadata: { name },
  spec: { podSelector, policyTypes: ['Ingress'], ingress: [{}] },
});
const deny = (podSelector: LabelSelector): NetworkPolicy => ({
  metadata: { name: 'deny' },
  spec: { podSelector, policyTypes: ['Ingress', 'Egress'] },
});
const where = (key: string, operator: string, values?: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, ...(values && { values }) }],
});
const plan = (given: Partial<Surroundings>, pod = POD): LabelPlan => labelPlan(pod, { workloads: [], services: [], policies: [], ...given });
const stripped = (given: Partial<Surroundings>, pod = POD): string => plan(given, pod).strip.join();
const openNames = ({ open }: LabelPlan): string => open.map(({ kind, name }) => `${kind} ${name}`).join();

describe('the labels to take away', () => {
  it('are those by which a workload and a Service select the pod, and no others', () => {
    const given = { workloads: [replicaSet({ app: 'web', 'pod-template-hash': 'abc' })], services: [service({ tier: 'front' })] };
    expect(plan(given)).toEqual({ strip: ['app', 'pod-template-hash', 'tier'], open: [], uncovered: [] });
  });

  it('are none where nothing selects the pod', () => {
    const given = {
      workloads: [replicaSet({ app: 'db' })],
      services: [service({ role: 'x' })],
      policies: [allow({ matchLabels: { tier: 'back' } })],
    };
    expect(plan(given)).toEqual({ strip: [], open: [], uncovered: [] });
  });

  it('are not needed for a Service without a selector, nor for a name of another host', () => {
    expect(plan({ services: [service(), service({}), service({ app: 'web' }, 'ExternalName')] })).toMatchObject({ strip: [], open: [] });
  });

  it('end what policies allow, and leave alone those that allow nothing', () => {
    const policies = [allow({ matchLabels: { tier: 'front' } }), deny({ matchLabels: { team: 'a' } })];
    expect(stripped({ policies })).toBe('tier');
  });

  it('leave alone policies that name a port which the pod does not have', () => {
    const policy: NetworkPolicy = {
      metadata: { name: 'p' },
      spec: { podSelector: { matchLabels: { app: 'web' } }, ingress: [{ ports: [{ port: 'x' }] }] },
    };
    expect(stripped({ policies: [policy] })).toBe('');
    expect(stripped({ policies: [policy] }, { ...POD, ports: [{ name: 'x', containerPort: 1 }] })).toBe('app');
  });

  it.each<[string, LabelSelector, RegExp]>([
    ['an empty selector', {}, /every pod/],
    ['NotIn, which also selects what lacks the key', where('role', 'NotIn', ['db']), /role not in \(db\), which the pod is without its labels too/],
    ['DoesNotExist of a key that the pod lacks', where('role', 'DoesNotExist'), /without role, which the pod is/],
    ['NotIn of another value of a key that the pod has', where('app', 'NotIn', ['db']), /app not in \(db\), which the pod is/],
  ])('do not help against %s', (_what, selector, why) => {
    const { strip, open } = plan({ policies: [allow(selector)] });
    expect(strip).toEqual([]);
    expect(open).toEqual([{ kind: 'NetworkPolicy', name: 'allow', why: expect.stringMatching(why) }]);
  });

  it('are never our own', () => {
    const { strip, open } = plan({ policies: [allow(where('tocsin.dev/quarantine', 'Exists'))] }, QUARANTINED);
    expect({ strip, open: open.length }).toEqual({ strip: [], open: 1 });
  });

  it('keep what keeps a policy off, where another label will do for the rest', () => {
    const given = { services: [service({ app: 'web', tier: 'front' })], policies: [allow(where('app', 'DoesNotExist'))] };
    expect(plan(given)).toMatchObject({ strip: ['tier'], open: [] });
  });

  it('go for a workload though a policy then selects the pod, and the plan says so', () => {
    const given = { workloads: [replicaSet({ app: 'web' })], policies: [allow(where('app', 'NotIn', ['web']))] };
    const found = plan(given);
    expect(found.strip).toEqual(['app']);
    expect(found.open).toEqual([
      {
        kind: 'NetworkPolicy',
        name: 'allow',
        why: 'It selects pods app not in (web); what would end that (app) would let something else select the pod.',
      },
    ]);
  });

  it('leave the fewest policies open where not all can be closed', () => {
    const policies = [
      allow({ matchLabels: { app: 'web' } }, 'with'),
      allow(where('app', 'DoesNotExist'), 'without-1'),
      allow(where('app', 'NotIn', ['web']), 'without-2'),
    ];
    const found = plan({ policies });
    expect({ strip: found.strip, open: openNames(found) }).toEqual({ strip: [], open: 'NetworkPolicy with' });
  });

  it('would open the pod where the only policies that cut it off go by them, which is said', () => {
    const given = { workloads: [replicaSet({ app: 'web' })], policies: [deny({ matchLabels: { app: 'web' } })] };
    expect(plan(given).uncovered).toEqual(['ingress', 'egress']);
    const ours = {
      metadata: { name: 'tocsin-quarantine' },
      spec: { podSelector: where('tocsin.dev/quarantine', 'Exists'), policyTypes: ['Ingress', 'Egress'] },
    };
    expect(plan({ ...given, policies: [...given.policies, ours] }, QUARANTINED).uncovered).toEqual([]);
  });

  // Somebody who may write policies could otherwise make the search for the best set take for ever.
  it('are found in bounded time, however many labels could go either way', () => {
    const keys = Array.from({ length: 60 }, (_, index) => `k${String(index).padStart(2, '0')}`);
    const pod = { ...POD, labels: Object.fromEntries(keys.map((key) => [key, '1'])) };
    const policies = keys.flatMap((key) => [allow({ matchLabels: { [key]: '1' } }), allow(where(key, 'DoesNotExist'))]);
    const found = plan({ policies, workloads: [replicaSet({ k59: '1' })] }, pod);
    expect(found.strip).toContain('k59');
    expect(found.open).toHaveLength(60);
  });
});

const KEYS = ['a', 'b', 'c'];
const VALUES = ['1', '2'];
const key = fc.constantFrom(...KEYS, 'd');
const expression: fc.Arbitrary<Expression> = fc.oneof(
  fc.record({ key, operator: fc.constantFrom('In', 'NotIn'), values: fc.uniqueArray(fc.constantFrom(...VALUES), { minLength: 1, maxLength: 2 }) }),
  fc.record({ key, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
);
const selector: fc.Arbitrary<LabelSelector> = fc.array(expression, { maxLength: 3 }).map((matchExpressions) => ({ matchExpressions }));

it('is the best that trying all sets of labels finds', () => {
  const seen = { closed: 0, open: 0 };
  const labelSets = fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES), { maxKeys: 3, noNullPrototype: true });
  fc.assert(
    fc.property(labelSets, fc.array(selector, { maxLength: 2 }), fc.array(selector, { maxLength: 4 }), (labels, ofWorkloads, ofPolicies) => {
      const pod = { ...POD, labels };
      const workloads = ofWorkloads.map((one, index) => ({ kind: 'ReplicaSet', metadata: { name: `w${index}` }, spec: { selector: one } }));
      const found = labelPlan(pod, { workloads, services: [], policies: ofPolicies.map((one, index) => allow(one, `p${index}`)) });
      const selecting = (gone: readonly string[]): [workloads: number, policies: number] => {
        const left = Object.fromEntries(Object.entries(labels).filter(([own]) => !gone.includes(own)));
        const count = (selectors: LabelSelector[]): number => selectors.filter((one) => selects(one, left)).length;
        return [count(ofWorkloads), count(ofPolicies)];
      };
      const subsets = Object.keys(labels).reduce<string[][]>((sets, own) => sets.flatMap((set) => [set, [...set, own]]), [[]]);
      const best = subsets.map(selecting).toSorted((one, other) => one[0] - other[0] || one[1] - other[1])[0];
      expect(selecting(found.strip)).toEqual(best);
      expect(found.open).toHaveLength((best?.[0] ?? 0) + (best?.[1] ?? 0));
      seen[found.open.length === 0 ? 'closed' : 'open'] += 1;
    }),
    { numRuns: 20_000 },
  );
  expect(Math.min(seen.closed, seen.open)).toBeGreaterThan(1_000);
}, 60_000);
