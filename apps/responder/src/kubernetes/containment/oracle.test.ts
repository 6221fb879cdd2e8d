import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { containmentOf } from './containment.js';
import type { Expression, HeldPod, LabelSelector, NetworkPolicy, Peer, Port } from './policy.js';

const RUNS = Number(process.env['CONTAINMENT_RUNS'] ?? 5_000);

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
const ADDRESSES = Array.from({ length: 8 }, (_, last) => `10.0.0.${last}`);
const PORTS = [
  { protocol: 'TCP', port: 80, name: 'http' },
  { protocol: 'TCP', port: 81, name: undefined },
  { protocol: 'UDP', port: 53, name: 'dns' },
  // Peers may call any port by any name.
  { protocol: 'TCP', port: 9_053, name: 'dns' },
  { protocol: 'UDP', port: 9_080, name: 'http' },
];

type Peers = { pod: Record<string, string>; namespace: Record<string, string>; own: boolean } | { address: string };
type Flow = Peers & { port: (typeof PORTS)[number] };
const PEERS: Peers[] = [
  ...labelSets.map((pod) => ({ pod, namespace: {}, own: true })),
  ...labelSets.flatMap((pod) => labelSets.map((namespace) => ({ pod, namespace, own: false }))),
  ...ADDRESSES.map((address) => ({ address })),
];
const FLOWS: Flow[] = PEERS.flatMap((peer) => PORTS.map((port) => ({ ...peer, port })));

/** The specification, read as naively as it can be. */
function holds({ matchLabels, matchExpressions }: LabelSelector, labels: Record<string, string>): boolean {
  return (
    Object.entries(matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
    (matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      if (operator === 'In') return key in labels && (values ?? []).includes(labels[key] as string);
      if (operator === 'NotIn') return !(key in labels && (values ?? []).includes(labels[key] as string));
      return key in labels === (operator === 'Exists');
    })
  );
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
    return ipBlock !== undefined && inBlock(flow.address, ipBlock.cidr) && !(ipBlock.except ?? []).some((except) => inBlock(flow.address, except));
  }
  if (peer.ipBlock !== undefined) return false;
  if (peer.namespaceSelector === undefined) return flow.own && holds(peer.podSelector ?? {}, flow.pod);
  // The namespace's labels are unknown here, so every set of them is tried; the own one is among them.
  return !flow.own && holds(peer.namespaceSelector, flow.namespace) && holds(peer.podSelector ?? {}, flow.pod);
}
function isPort({ protocol = 'TCP', port, endPort }: Port, flow: Flow, direction: string, pod: HeldPod): boolean {
  if (protocol !== flow.port.protocol) return false;
  if (port === undefined) return true;
  if (typeof port === 'string') {
    const named =
      direction === 'egress' ? flow.port.name === port : pod.ports.some((own) => own.name === port && own.containerPort === flow.port.port);
    return named;
  }
  return flow.port.port >= port && flow.port.port <= (endPort ?? port);
}
function allows(policy: NetworkPolicy, direction: 'ingress' | 'egress', flow: Flow, pod: HeldPod): boolean {
  const { podSelector = {}, policyTypes, ingress, egress } = policy.spec ?? {};
  if (!holds(podSelector, pod.labels)) return false;
  const types = policyTypes ?? ['Ingress', ...((egress ?? []).length > 0 ? ['Egress'] : [])];
  if (!types.includes(direction === 'ingress' ? 'Ingress' : 'Egress')) return false;
  const rules =
    direction === 'ingress'
      ? (ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }))
      : (egress ?? []).map(({ to, ports }) => ({ peers: to, ports }));
  return rules.some(
    ({ peers, ports }) =>
      ((peers ?? []).length === 0 || (peers ?? []).some((peer) => isPeer(peer, flow))) &&
      ((ports ?? []).length === 0 || (ports ?? []).some((port) => isPort(port, flow, direction, pod))),
  );
}

const sparse = { requiredKeys: [] };
const values = fc.uniqueArray(fc.constantFrom(...VALUES), { maxLength: 2 });
const expression: fc.Arbitrary<Expression> = fc.oneof(
  fc.record({ key: fc.constantFrom(...KEYS), operator: fc.constantFrom('In', 'NotIn'), values }),
  fc.record({ key: fc.constantFrom(...KEYS), operator: fc.constantFrom('Exists', 'DoesNotExist') }),
);
const selector: fc.Arbitrary<LabelSelector> = fc.record(
  {
    matchLabels: fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES), { maxKeys: 2 }),
    matchExpressions: fc.array(expression, { maxLength: 2 }),
  },
  sparse,
) as fc.Arbitrary<LabelSelector>;
const block = fc.constantFrom('10.0.0.0/29', '10.0.0.0/30', '10.0.0.4/30', '10.0.0.0/31', '10.0.0.6/31', '10.0.0.3/32');
const peer: fc.Arbitrary<Peer> = fc.oneof(
  selector.map((podSelector) => ({ podSelector })),
  fc.tuple(selector, selector).map(([podSelector, namespaceSelector]) => ({ podSelector, namespaceSelector })),
  selector.map((namespaceSelector) => ({ namespaceSelector })),
  fc.tuple(block, fc.array(block, { maxLength: 3 })).map(([cidr, except]) => ({ ipBlock: { cidr, except } })),
);
const port: fc.Arbitrary<Port> = fc.constantFrom<Port>(
  {},
  { port: 80 },
  { port: 'http' },
  { port: 'dns' },
  { port: 'dns', protocol: 'UDP' },
  { protocol: 'UDP' },
  { port: 80, endPort: 81 },
  { port: 53, protocol: 'UDP' },
);
const rule = fc.record({ peers: fc.array(peer, { maxLength: 2 }), ports: fc.array(port, { maxLength: 2 }) }, sparse);
const policy: fc.Arbitrary<NetworkPolicy> = fc
  .record(
    {
      podSelector: selector,
      policyTypes: fc.constantFrom<string[]>(['Ingress'], ['Egress'], ['Ingress', 'Egress']),
      ingress: fc.array(rule, { maxLength: 2 }),
      egress: fc.array(rule, { maxLength: 2 }),
    },
    sparse,
  )
  .map(({ ingress, egress, ...spec }) => ({
    metadata: { name: 'p' },
    spec: {
      ...spec,
      ...(ingress !== undefined && { ingress: ingress.map(({ peers, ports }) => ({ ...(peers && { from: peers }), ...(ports && { ports }) })) }),
      ...(egress !== undefined && { egress: egress.map(({ peers, ports }) => ({ ...(peers && { to: peers }), ...(ports && { ports }) })) }),
    },
  }));
const pod: fc.Arbitrary<HeldPod> = fc
  .tuple(
    fc.constantFrom(...labelSets),
    fc.constantFrom<HeldPod['ports']>([], [{ name: 'http', containerPort: 80 }], [{ name: 'dns', containerPort: 53, protocol: 'UDP' }]),
  )
  .map(([labels, ports]) => ({ labels, hostNetwork: false, ports }));

it(`is what trying every flow says, for ${RUNS} sets of policies`, () => {
  const seen = { full: 0, partial: 0 };
  fc.assert(
    fc.property(pod, fc.array(policy, { maxLength: 3 }), (held, unnamed) => {
      const policies = unnamed.map((one, index) => ({ ...one, metadata: { name: `p${index}` } }));
      const { contained, residual } = containmentOf(held, 'allows_only', policies);
      for (const direction of ['ingress', 'egress'] as const) {
        const open = policies.filter((one) => FLOWS.some((flow) => allows(one, direction, flow, held))).map(({ metadata }) => metadata.name);
        const said = [...new Set(residual.filter((one) => one.direction === direction).map((one) => one.policy))];
        expect({ direction, said: said.toSorted() }).toEqual({ direction, said: open.toSorted() });
      }
      expect(contained).toBe(residual.length === 0 ? 'full' : 'partial');
      seen[contained === 'full' ? 'full' : 'partial'] += 1;
    }),
    { numRuns: RUNS },
  );
  // Both verdicts must be met often, or the property says little.
  expect(Math.min(seen.full, seen.partial)).toBeGreaterThan(RUNS / 20);
}, 300_000);
