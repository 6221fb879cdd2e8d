import { describe, expect, it } from '@jest/globals';
import { containmentOf, type Reach } from './containment.js';
import type { HeldPod, NetworkPolicy } from './policy.js';

const POD: HeldPod = { labels: { app: 'web' }, hostNetwork: false, ports: [] };
const allow = (name: string, from?: object[]): NetworkPolicy => ({
  metadata: { name },
  spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [from === undefined ? {} : { from: from as never[] }], egress: [] },
});

describe('how far a pod is cut off', () => {
  it('is not at all on its node’s own network', () => {
    expect(containmentOf({ ...POD, hostNetwork: true }, 'denies', [])).toMatchObject({ contained: 'none', residual: [] });
  });

  it.each<[Reach, string, string]>([
    ['allows_only', 'partial', 'pods,everybody'],
    ['denies_inside', 'partial', 'everybody'],
    ['denies', 'full', ''],
  ])('is, by what %s, %s', (reach, contained, left) => {
    const result = containmentOf(POD, reach, [allow('pods', [{ podSelector: {} }]), allow('everybody')]);
    expect(result.contained).toBe(contained);
    expect(result.residual.map(({ policy }) => policy).join()).toBe(left);
  });
});
