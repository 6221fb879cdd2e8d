import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { analyse } from './analysis.js';
import type { Expression, HeldPod, Labels, LabelSelector, NetworkPolicy, Peer, Port } from './policy.js';

const RUNS = Number(process.env['CONTAINMENT_RUNS'] ?? 20_000);

/**
 * A small world in which every flow can be tried: all labels from two keys and two values, two namespaces, a few addresses and ports.
 * What the analysis says of a policy set must be what trying says, flow by flow.
 */
const KEYS = ['a', 'b'];
const VALUES = ['1', '2'];
/** One that no selector names: others may have any. */
const OTHER = '3';
const labelSets = KEYS.reduce<Record<string, string>[]>(
  (sets, key) => sets.flatMap((set) => [set, ...[...VALUES, OTHER].map((value) => ({ ...set, [key]: value }))]),
  [{}],
);
/** Every namespace has its name as a label. */
const NAME = 'kubernetes.io/metadata.name';
const namespaceLabelSets = labelSets.flatMap((set) => [...VALUES, OTHER].map((name) => ({ ...set, [NAME]: name })));
const ADDRESSES = Array.from({ length: 8 }, (_, last) => `10.0.0.${last}`);
const PORTS = [
  { protocol: 'TCP', port: 80, name: 'http' },
  { protocol: 'TCP', port: 81, name: undefined },
  { protocol: 'UDP', port: 53, name: 'dns' },
  // Peers may call any port by any name.
  { protocol: 'TCP', port: 9_053, name: 'dns' },
  { protocol: 'UDP', port: 9_080, name: 'http' },
];

type Direction = 'ingress' | 'egress';
type Peers = { pod: Labels; namespace: Labels; own: boolean } | { address: string };
type Flow = Peers & { port: (typeof PORTS)[number] };
const PEERS: Peers[] = [
  ...labelSets.map((pod) => ({ pod, namespace: {}, own: true })),
  ...labelSets.flatMap((pod) => namespaceLabelSets.map((namespace) => ({ pod, namespace, own: false }))),
  ...ADDRESSES.map((address) => ({ address })),
];
const FLOWS: Flow[] = PEERS.flatMap((peer) => PORTS.map((port) => ({ ...peer, port })));

/** The specification, read as naively as it can be. */
function matches(selector: LabelSelector | null | undefined, labels: Labels): boolean {
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) if (labels[key] !== value) return false;
  for (const { key, operator, values } of selector?.matchExpressions ?? []) {
    const there = key in labels;
    const listed = there && (values ?? []).includes(labels[key] as string);
    if (operator === 'In' && !listed) return false;
    if (operator === 'NotIn' && listed) return false;
    if (operator === 'Exists' && !there) return false;
    if (operator === 'DoesNotExist' && there) return false;
  }
  return true;
}
function inBlock(address: string, cidr: string): boolean {
  const [network = '', bits = '32'] = cidr.split('/');
  const number = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(address) / size) === Math.floor(number(network) / size);
}
function isPeer(peer: Peer, flow: Flow): boolean {
  if ('address' in flow) {
    const { ipBlock } = peer;
    return !!ipBlock && inBlock(flow.address, ipBlock.cidr) && !(ipBlock.except ?? []).some((except) => inBlock(flow.address, except));
  }
  if (peer.ipBlock) return false;
  // The own namespace's labels are unknown here; that of every set of labels is among the others.
  if (!peer.namespaceSelector) return flow.own && matches(peer.podSelector, flow.pod);
  return !flow.own && matches(peer.namespaceSelector, flow.namespace) && matches(peer.podSelector, flow.pod);
}
function isPort({ protocol = 'TCP', port, endPort }: Port, flow: Flow, direction: Direction, pod: HeldPod): boolean {
  if (protocol !== flow.port.protocol) return false;
  if (port === undefined) return true;
  if (typeof port === 'number') return flow.port.port >= port && flow.port.port <= (endPort ?? port);
  if (direction === 'egress') return flow.port.name === port;
  return pod.ports.some((own) => own.name === port && own.containerPort === flow.port.port && (own.protocol ?? 'TCP') === protocol);
}
interface Rule {
  direction: Direction;
  policy: string;
  rule: number;
  peers: Peer[] | null | undefined;
  ports: Port[] | null | undefined;
}
/** The rules that speak for the pod. */
function rulesFor(pod: HeldPod, { metadata, spec }: NetworkPolicy): Rule[] {
  if (!matches(spec?.podSelector, pod.labels)) return [];
  const rules: Rule[] = [];
  const types = new Set(spec?.policyTypes ?? []);
  if (types.size === 0) {
    types.add('Ingress');
    if (spec?.egress?.length) types.add('Egress');
  }
  const policy = metadata.name;
  if (types.has('Ingress')) {
    for (const [rule, { from, ports }] of (spec?.ingress ?? []).entries()) rules.push({ direction: 'ingress', policy, rule, peers: from, ports });
  }
  if (types.has('Egress')) {
    for (const [rule, { to, ports }] of (spec?.egress ?? []).entries()) rules.push({ direction: 'egress', policy, rule, peers: to, ports });
  }
  return rules;
}
function allows({ direction, peers, ports }: Rule, flow: Flow, pod: HeldPod): boolean {
  const withPeer = !peers?.length || peers.some((peer) => isPeer(peer, flow));
  return withPeer && (!ports?.length || ports.some((port) => isPort(port, flow, direction, pod)));
}

const sparse = { requiredKeys: [] };
const selectorBy = (keys: readonly string[]): fc.Arbitrary<LabelSelector> => {
  const key = fc.constantFrom(...keys);
  const values = fc.uniqueArray(fc.constantFrom(...VALUES), { maxLength: 2 });
  const expression: fc.Arbitrary<Expression> = fc.oneof(
    fc.record({ key, operator: fc.constantFrom('In', 'NotIn'), values }),
    fc.record({ key, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
  );
  const matchLabels = fc.option(fc.dictionary(key, fc.constantFrom(...VALUES), { maxKeys: 2 }));
  return fc.record({ matchLabels, matchExpressions: fc.option(fc.array(expression, { maxLength: 3 })) }, sparse) as fc.Arbitrary<LabelSelector>;
};
const selector = selectorBy(KEYS);
const namespaceSelector = selectorBy([...KEYS, NAME]);
const block = fc.constantFrom('10.0.0.0/29', '10.0.0.0/30', '10.0.0.4/30', '10.0.0.0/31', '10.0.0.6/31', '10.0.0.3/32');
const peer: fc.Arbitrary<Peer> = fc.oneof(
  selector.map((podSelector) => ({ podSelector })),
  fc.record({ podSelector: selector, namespaceSelector }),
  namespaceSelector.map((namespaces) => ({ namespaceSelector: namespaces })),
  fc.tuple(block, fc.option(fc.array(block, { maxLength: 3 }))).map(([cidr, except]) => ({ ipBlock: { cidr, except } })),
);
const port: fc.Arbitrary<Port> = fc.constantFrom<Port>(
  {},
  { port: 80 },
  { port: 'http' },
  { port: 'dns' },
  { port: 'dns', protocol: 'UDP' },
  { protocol: 'UDP' },
  { port: 80, endPort: 81 },
  { port: 81, endPort: 80 },
  { port: 53, protocol: 'UDP' },
);
const ports = fc.option(fc.array(port, { maxLength: 2 }));
const peers = fc.option(fc.array(peer, { maxLength: 2 }));
const policy: fc.Arbitrary<NetworkPolicy> = fc
  .record(
    {
      podSelector: selector,
      policyTypes: fc.constantFrom<string[] | null>(['Ingress'], ['Egress'], ['Ingress', 'Egress'], [], null),
      ingress: fc.option(fc.array(fc.record({ from: peers, ports }, sparse), { maxLength: 3 })),
      egress: fc.option(fc.array(fc.record({ to: peers, ports }, sparse), { maxLength: 3 })),
    },
    sparse,
  )
  .map((spec) => ({ metadata: { name: 'p' }, spec }) as NetworkPolicy);
const pod: fc.Arbitrary<HeldPod> = fc
  .tuple(
    fc.constantFrom(...labelSets),
    fc.constantFrom<HeldPod['ports']>([], [{ name: 'http', containerPort: 80 }], [{ name: 'dns', containerPort: 53, protocol: 'UDP' }]),
  )
  .map(([labels, own]) => ({ labels, hostNetwork: false, ports: own }));

it(`is what trying every flow says, for ${RUNS} sets of policies`, () => {
  const seen = { full: 0, partial: 0, none: 0 };
  fc.assert(
    fc.property(pod, fc.array(policy, { maxLength: 4 }), (held, unnamed) => {
      const policies = unnamed.map((one, index) => ({ ...one, metadata: { name: `p${index}` } }));
      const { contained, residual } = analyse(held, 'portable', policies);
      const rules = policies.flatMap((one) => rulesFor(held, one));
      // What is reported is what lets some flow through, no more and no less: every flow that passes is explained.
      const open = rules.filter((rule) => FLOWS.some((flow) => allows(rule, flow, held)));
      const nameOf = ({ direction, policy: name, rule }: Pick<Rule, 'direction' | 'policy' | 'rule'>): string => `${name} ${direction} ${rule}`;
      expect(residual.map(nameOf).toSorted()).toEqual(open.map(nameOf).toSorted());
      expect(contained === 'full').toBe(open.length === 0);
      if (contained === 'none') {
        for (const direction of ['ingress', 'egress']) {
          const ofDirection = open.filter((rule) => rule.direction === direction);
          expect(FLOWS.every((flow) => ofDirection.some((rule) => allows(rule, flow, held)))).toBe(true);
        }
      }
      // A label that is said to end what a policy allows does, and every label that does is said to.
      for (const { policy: name, labels } of residual) {
        const { spec } = policies.find(({ metadata }) => metadata.name === name) ?? {};
        const without = (gone: string): Labels => Object.fromEntries(Object.entries(held.labels).filter(([key]) => key !== gone));
        expect(labels).toEqual(KEYS.filter((key) => key in held.labels && !matches(spec?.podSelector, without(key))));
      }
      seen[contained] += 1;
    }),
    { numRuns: RUNS },
  );
  // All verdicts must be met often, or the property says little.
  expect(Math.min(seen.full, seen.partial)).toBeGreaterThan(RUNS / 20);
  expect(seen.none).toBeGreaterThan(RUNS / 1_000);
}, 300_000);
