import { describe, expect, it } from '@jest/globals';
import { analyse } from './analysis.js';
import type { EgressRule, HeldPod, IngressRule, NetworkPolicy } from './policy.js';
import { residualText } from './text.js';

type Spec = NonNullable<NetworkPolicy['spec']>;

const POD: HeldPod = { labels: { app: 'web', tier: 'front', 'tocsin.dev/quarantine': 'q-1' }, hostNetwork: false, ports: [] };
const all: Spec = { podSelector: {} };
const web: Spec = { podSelector: { matchLabels: { app: 'web' } } };
const where = (key: string, operator: string, values: string[] = []): Spec => ({ podSelector: { matchExpressions: [{ key, operator, values }] } });
const inward = (rule: IngressRule): Partial<Spec> => ({ policyTypes: ['Ingress'], ingress: [rule] });
const outward = (rule: EgressRule): Partial<Spec> => ({ policyTypes: ['Egress'], egress: [rule] });
const world = { ipBlock: { cidr: '0.0.0.0/0' } };
const policies = (specs: readonly Spec[]): NetworkPolicy[] => specs.map((spec, index) => ({ metadata: { name: `p${index}` }, spec }));

describe('what still passes', () => {
  it('is said in words: which policy, with whom, by which ports', () => {
    const specs: Spec[] = [
      {
        ...all,
        ...outward({
          to: [
            {
              namespaceSelector: { matchLabels: { team: 'a' } },
              podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['x', 'y'] }] },
            },
          ],
          ports: [
            { protocol: 'UDP', port: 53 },
            { port: 5_000, endPort: 5_010 },
          ],
        }),
      },
      { ...all, ...inward({ from: [world, { podSelector: {} }] }) },
    ];
    expect(analyse(POD, 'portable', policies(specs)).residual.map(residualText)).toEqual([
      'NetworkPolicy "p0" still allows egress to pods app in (x, y) of namespaces team=a (UDP 53, TCP 5000-5010).',
      'NetworkPolicy "p1" still allows ingress from 0.0.0.0/0; all pods of this namespace (all ports).',
    ]);
  });

  it('says why a policy applies, and which labels end that', () => {
    const specs: Spec[] = [
      { ...all, ...inward({}) },
      { podSelector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, ...inward({}) },
      { ...where('role', 'NotIn', ['db']), ...inward({}) },
      { ...where('tocsin.dev/quarantine', 'Exists'), ...inward({}) },
    ];
    expect(analyse(POD, 'portable', policies(specs)).residual.map(({ why, labels }) => [why, labels])).toEqual([
      ['It applies to every pod of its namespace, whatever labels the pod has.', []],
      ['It applies to pods app=web, with tier, which the pod is; that ends when it loses app or tier.', ['app', 'tier']],
      ['It applies to pods role not in (db), which the pod is; no label that is taken away ends that.', []],
      ['It applies to pods with tocsin.dev/quarantine, which the pod is; no label that is taken away ends that.', []],
    ]);
  });

  it('tells whether the own namespace is among those that a peer is of', () => {
    const specs = [{ ...web, ...inward({ from: [{ namespaceSelector: { matchLabels: { team: 'a' } } }] }) }];
    const peersIn = (namespaceLabels: Record<string, string>): unknown =>
      analyse({ ...POD, namespaceLabels }, 'portable', policies(specs)).residual[0]?.peers;
    expect(peersIn({ team: 'a' })).toBe('all pods of namespaces team=a, this one among them');
    expect(peersIn({ team: 'b' })).toBe('all pods of namespaces team=a');
  });

  // Somebody who may write policies could otherwise fill the plan, or hold up the responder.
  it('keeps text short and time bounded, however long a policy is', () => {
    const many = Array.from({ length: 100_000 }, (_, index) => `v${index}`);
    const a = { key: 'a', operator: 'In', values: many };
    const b = { key: 'a', operator: 'In', values: many.map((value) => `${value}x`) };
    const blocks = many.map((_value, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}/32`);
    const start = process.cpuUsage();
    const specs = [
      { ...all, ...inward({ from: [{ podSelector: { matchExpressions: [a] } }] }) },
      { ...all, ...inward({ from: [{ podSelector: { matchExpressions: [a, b] } }] }) },
      { ...all, ...inward({ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: blocks } }], ports: many.map((_value, port) => ({ port })) }) },
    ];
    const { residual } = analyse(POD, 'portable', policies(specs));
    // Comparing every value with every other would take minutes.
    expect(process.cpuUsage(start).user).toBeLessThan(10_000_000);
    expect(residual.map(({ policy }) => policy)).toEqual(['p0', 'p2']);
    expect(residual.map(residualText).join('').length).toBeLessThan(1_000);
  });
});
