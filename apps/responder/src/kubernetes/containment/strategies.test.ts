import { describe, expect, it } from '@jest/globals';
import { analyse, type Strategy } from './analysis.js';
import type { ClusterNetworkPolicy } from './cluster-policy.js';
import { heldPod, type HeldPod, type IngressRule, type NetworkPolicy } from './policy.js';
import { residualText } from './text.js';

const POD: HeldPod = { labels: { app: 'web' }, hostNetwork: false, ports: [], node: 'n1', namespaceLabels: { team: 'a' } };
const inward = (rule: IngressRule): NetworkPolicy => ({
  metadata: { name: 'theirs' },
  spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [rule] },
});
const ALL: NetworkPolicy = { metadata: { name: 'all' }, spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [{}] } };
const admin = (spec: Partial<ClusterNetworkPolicy['spec']>): ClusterNetworkPolicy => ({
  metadata: { name: 'monitoring' },
  spec: { tier: 'Admin', priority: 10, subject: { namespaces: {} }, ...spec },
});
const codes = (strategy: Strategy, policies: NetworkPolicy[] = []): string[] => analyse(POD, strategy, policies).notes.map(({ code }) => code);

describe('by its strategy, a quarantine', () => {
  it.each<[Strategy, string]>([
    ['portable', 'none'],
    ['cnp', 'partial'],
    ['cilium', 'full'],
    ['calico', 'full'],
    ['neuvector', 'full'],
  ])('%s against a policy that allows everything is %s', (strategy, contained) => {
    expect(analyse(POD, strategy, [ALL]).contained).toBe(contained);
  });

  it('by ClusterNetworkPolicy is full unless what is allowed may come from outside', () => {
    expect(analyse(POD, 'cnp', [inward({ from: [{ podSelector: {} }] })]).contained).toBe('full');
    expect(analyse(POD, 'cnp', [inward({ from: [{ ipBlock: { cidr: '192.0.2.0/24' } }] })]).contained).toBe('partial');
    expect(analyse(POD, 'cnp', [inward({})]).contained).toBe('partial');
  });

  it.each<Strategy>(['portable', 'cnp', 'cilium', 'calico', 'neuvector'])('%s holds no pod on its node’s own network', (strategy) => {
    const { contained, residual, notes } = analyse({ ...POD, hostNetwork: true }, strategy, [ALL]);
    expect({ contained, residual, codes: notes.map(({ code }) => code) }).toEqual({ contained: 'none', residual: [], codes: ['host_network'] });
  });

  it.each<[Strategy, string[]]>([
    ['portable', ['own_node', 'open_connections', 'other_policies']],
    ['cnp', ['own_node', 'open_connections', 'outside_ingress']],
    ['cilium', ['own_node', 'open_connections']],
    ['calico', ['own_node', 'open_connections', 'earlier_policies']],
    ['neuvector', ['probes_fail']],
  ])('%s says what it cannot do: %j', (strategy, expected) => {
    expect(codes(strategy)).toEqual(expected);
  });

  it('tells what becomes of open connections by the network plug-in', () => {
    const said = (strategy: Strategy): string | undefined =>
      analyse(POD, strategy, []).notes.find(({ code }) => code === 'open_connections')?.message;
    expect(said('calico')).toMatch(/stay open: Calico/);
    expect(said('cilium')).toMatch(/are cut: Cilium/);
    expect(said('portable')).toMatch(/may stay open/);
  });

  it('names the node', () => {
    expect(analyse(POD, 'portable', []).notes[0]?.message).toContain('(n1)');
  });

  it('warns of addresses that are rewritten on the way, where a block of addresses is allowed', () => {
    expect(codes('portable', [inward({ from: [{ ipBlock: { cidr: '192.0.2.0/24' } }] })])).toContain('rewritten_addresses');
    expect(codes('portable', [inward({ from: [{ podSelector: {} }] })])).not.toContain('rewritten_addresses');
    expect(codes('portable', [ALL])).not.toContain('rewritten_addresses');
  });
});

describe('what ClusterNetworkPolicies accept first', () => {
  const scrape = admin({
    ingress: [
      { action: 'Deny', from: [{ namespaces: { matchLabels: { team: 'b' } } }] },
      {
        action: 'Accept',
        from: [{ pods: { namespaceSelector: { matchLabels: { team: 'ops' } }, podSelector: { matchLabels: { app: 'prometheus' } } } }],
        protocols: [{ tcp: { destinationPort: { number: 9_090 } } }, { udp: { destinationPort: { range: { start: 1, end: 9 } } } }, { sctp: {} }],
      },
    ],
  });

  it.each<[Strategy, number, string]>([
    ['portable', 10, 'partial'],
    // Calico keeps these in tiers before the one that ours is in.
    ['calico', 10, 'partial'],
    ['cnp', 10, 'full'],
    // Between equal priorities the order is not defined.
    ['cnp', 0, 'partial'],
    ['cilium', 0, 'full'],
    ['neuvector', 0, 'full'],
  ])('matters to %s at priority %i: %s', (strategy, priority, contained) => {
    const policy = { ...scrape, spec: { ...scrape.spec, priority } };
    expect(analyse(POD, strategy, [], [policy]).contained).toBe(contained);
  });

  it('is said in words', () => {
    const { residual } = analyse(POD, 'portable', [], [scrape]);
    expect(residual.map(residualText)).toEqual([
      'ClusterNetworkPolicy "monitoring" still allows ingress from pods app=prometheus of namespaces team=ops (TCP 9090, UDP 1-9, SCTP (all)).',
    ]);
    expect(residual).toMatchObject([{ rule: 1, labels: [] }]);
  });

  const accept: Partial<ClusterNetworkPolicy['spec']> = { egress: [{ action: 'Accept', to: [{ networks: ['192.0.2.0/24'] }] }] };
  it.each<[string, Partial<ClusterNetworkPolicy['spec']>, boolean]>([
    ['a subject by namespace', { ...accept, subject: { namespaces: { matchLabels: { team: 'a' } } } }, true],
    ['another namespace', { ...accept, subject: { namespaces: { matchLabels: { team: 'b' } } } }, false],
    ['a subject by pods', { ...accept, subject: { pods: { podSelector: { matchLabels: { app: 'web' } } } } }, true],
    ['other pods', { ...accept, subject: { pods: { podSelector: { matchLabels: { app: 'db' } } } } }, false],
    ['the tier Baseline, which comes after NetworkPolicy', { ...accept, tier: 'Baseline' }, false],
    ['Pass, which leaves it to NetworkPolicy', { egress: [{ action: 'Pass', to: [{ networks: ['192.0.2.0/24'] }] }] }, false],
    [
      'peers that nobody can be',
      { egress: [{ action: 'Accept', to: [{ namespaces: { matchExpressions: [{ key: 'a', operator: 'In' }] } }] }] },
      false,
    ],
    ['names of domains', { egress: [{ action: 'Accept', to: [{ domainNames: ['example.com'] }] }] }, true],
    ['nodes', { egress: [{ action: 'Accept', to: [{ nodes: {} }] }] }, true],
    ['a peer of a kind that is not known', { egress: [{ action: 'Accept', to: [{}] }] }, true],
  ])('%s', (_what, spec, passes) => {
    expect(analyse(POD, 'portable', [], [admin(spec)]).contained).toBe(passes ? 'partial' : 'full');
  });

  it('takes a namespace whose labels are not known to be meant', () => {
    const { namespaceLabels: _, ...unknown } = POD;
    const policy = admin({ ...accept, subject: { namespaces: { matchLabels: { team: 'b' } } } });
    expect(analyse(unknown, 'portable', [], [policy]).contained).toBe('partial');
  });
});

describe('a pod as policies see it', () => {
  const byName = inward({ ports: [{ port: 'metrics' }] });
  const metrics = { ports: [{ name: 'metrics', containerPort: 9_100 }] };

  it('has the named ports of its sidecars, and not of init containers that end', () => {
    const containers = [{ ports: [{ name: 'http', containerPort: 80 }] }];
    const sidecar = heldPod({ containers, initContainers: [{ restartPolicy: 'Always', ...metrics }] }, {});
    const init = heldPod({ containers, initContainers: [metrics] }, {});
    expect(analyse(sidecar, 'portable', [byName]).contained).toBe('partial');
    expect(analyse(init, 'portable', [byName]).contained).toBe('full');
  });

  it('keeps its node, network and namespace', () => {
    expect(heldPod({ nodeName: 'n1', hostNetwork: true, containers: [{}] }, { a: '1' }, { team: 'a' })).toEqual({
      labels: { a: '1' },
      hostNetwork: true,
      ports: [],
      node: 'n1',
      namespaceLabels: { team: 'a' },
    });
  });
});
