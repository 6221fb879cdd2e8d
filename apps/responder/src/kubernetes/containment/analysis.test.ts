import { describe, expect, it } from '@jest/globals';
import { analyse } from './analysis.js';
import type { HeldPod, NetworkPolicy } from './policy.js';

type Spec = NonNullable<NetworkPolicy['spec']>;

const POD: HeldPod = {
  labels: { app: 'web', tier: 'front', 'tocsin.dev/quarantine': 'q-1' },
  hostNetwork: false,
  ports: [
    { name: 'http', containerPort: 8080 },
    { name: 'dns', containerPort: 53, protocol: 'UDP' },
  ],
};
const all: Spec = { podSelector: {} };
const web: Spec = { podSelector: { matchLabels: { app: 'web' } } };
const where = (key: string, operator: string, values?: string[]): Spec => ({
  podSelector: { matchExpressions: [{ key, operator, ...(values !== undefined && { values }) }] },
});
const inward = (rule: object): Partial<Spec> => ({ policyTypes: ['Ingress'], ingress: [rule] });
const outward = (rule: object): Partial<Spec> => ({ policyTypes: ['Egress'], egress: [rule] });
const world = { ipBlock: { cidr: '0.0.0.0/0' } };
const OURS: Spec = { ...where('tocsin.dev/quarantine', 'Exists'), policyTypes: ['Ingress', 'Egress'], ingress: [], egress: [] };

/** `in` and `out`: what still passes, `!`: all of it. Reasons are those of the specification of NetworkPolicy and of label selectors. */
const TABLE: readonly [reason: string, specs: Spec[], passes: string][] = [
  ['no policy of others: ours alone selects the pod and allows nothing', [OURS], ''],
  ['a deny-all beside ours adds nothing', [OURS, { ...all, policyTypes: ['Ingress', 'Egress'] }], ''],
  ['an empty podSelector selects every pod of the namespace, so stripping labels does not help', [{ ...all, ...inward({}) }], 'in'],
  ['policies add up: one that allows beside one that denies allows', [OURS, { ...web, ...inward({}) }], 'in'],
  ['another app is selected', [{ podSelector: { matchLabels: { app: 'db' } }, ...inward({}) }], ''],
  ['all labels of matchLabels must match', [{ podSelector: { matchLabels: { app: 'web', tier: 'back' } }, ...inward({}) }], ''],
  ['both labels match', [{ podSelector: { matchLabels: { app: 'web', tier: 'front' } }, ...inward({}) }], 'in'],
  ['In with the value', [{ ...where('app', 'In', ['db', 'web']), ...inward({}) }], 'in'],
  ['In without the value', [{ ...where('app', 'In', ['db']), ...inward({}) }], ''],
  ['In of a key that the pod lacks', [{ ...where('role', 'In', ['a']), ...inward({}) }], ''],
  ['NotIn of another value', [{ ...where('app', 'NotIn', ['db']), ...inward({}) }], 'in'],
  ['NotIn also selects what lacks the key', [{ ...where('role', 'NotIn', ['a']), ...inward({}) }], 'in'],
  ['NotIn of the own value', [{ ...where('app', 'NotIn', ['web']), ...inward({}) }], ''],
  ['Exists', [{ ...where('tier', 'Exists'), ...inward({}) }], 'in'],
  ['Exists of a key that the pod lacks', [{ ...where('role', 'Exists'), ...inward({}) }], ''],
  ['DoesNotExist of a key that the pod lacks', [{ ...where('role', 'DoesNotExist'), ...inward({}) }], 'in'],
  ['DoesNotExist of a key that it has', [{ ...where('app', 'DoesNotExist'), ...inward({}) }], ''],
  ['a selector on our own label selects the pod', [{ ...where('tocsin.dev/quarantine', 'Exists'), ...outward({}) }], 'out'],
  ['an operator that we do not know is taken to select', [{ ...where('app', 'Like', ['w']), ...inward({}) }], 'in'],
  ['no podSelector at all is an empty one', [{ ...inward({}) }], 'in'],
  ['a missing list of rules allows nothing', [{ ...web, policyTypes: ['Ingress'] }], ''],
  ['an empty list of rules allows nothing', [{ ...web, policyTypes: ['Ingress'], ingress: [] }], ''],
  ['null is as a missing list', [{ ...web, policyTypes: ['Ingress'], ingress: null }], ''],
  ['rules for a direction that policyTypes leaves out do not count', [{ ...web, policyTypes: ['Egress'], ingress: [{}], egress: [] }], ''],
  ['without policyTypes, Ingress counts always', [{ ...web, ingress: [{}] }], 'in'],
  ['without policyTypes, Egress counts where there are egress rules', [{ ...web, egress: [{}] }], 'out'],
  ['without policyTypes and with an empty egress list, only Ingress counts', [{ ...web, ingress: [{}], egress: [] }], 'in'],
  ['a policy of egress alone says nothing of ingress', [{ ...web, ...outward({}) }], 'out'],
  ['both directions', [{ ...web, policyTypes: ['Ingress', 'Egress'], ingress: [{ ports: [{ port: 80 }] }], egress: [{}] }], 'in out'],
  ['all of both directions: nothing is held', [{ ...web, policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [{}] }], 'in out !'],
  [
    'all of both directions by two policies, as policies add up',
    [
      { ...all, ...inward({}) },
      { ...web, ...outward({}) },
    ],
    'in out !',
  ],
  ['all peers by one port is not all', [{ ...web, policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [{ ports: [{ port: 1 }] }] }], 'in out'],
  [
    'all ports with all pods is not all',
    [{ ...web, policyTypes: ['Ingress', 'Egress'], ingress: [{ from: [{ namespaceSelector: {} }] }], egress: [{}] }],
    'in out',
  ],
  ['an empty policyTypes says nothing, and is as none: Ingress counts', [{ ...web, policyTypes: [], ingress: [{}] }], 'in'],
  ['an empty policyTypes beside egress rules: both count', [{ ...web, policyTypes: [], egress: [{}] }], 'out'],
  ['null for policyTypes is as none', [{ ...web, policyTypes: null, ingress: [{ ports: [{ port: 1 }] }], egress: [{}] }], 'in out'],
  ['a rule of null lists is about everybody and all ports', [{ ...web, ...inward({ from: null, ports: null }) }], 'in'],
  ['null for a podSelector is an empty one', [{ podSelector: null, ...inward({}) }], 'in'],
  ['empty matchLabels and matchExpressions select all', [{ podSelector: { matchLabels: {}, matchExpressions: [] }, ...inward({}) }], 'in'],
  [
    'matchLabels and matchExpressions must both hold: one does not',
    [{ podSelector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, ...inward({}) }],
    '',
  ],
  [
    'matchLabels and matchExpressions must both hold: both do',
    [{ podSelector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'role', operator: 'DoesNotExist' }] }, ...inward({}) }],
    'in',
  ],
  ['values are compared as they are written', [{ podSelector: { matchLabels: { app: 'Web' } }, ...inward({}) }], ''],
  ['an empty value is a value: the key must be there', [{ ...where('role', 'In', ['']), ...inward({}) }], ''],
  ['what every object has without being a label is no label', [{ ...where('constructor', 'Exists'), ...inward({}) }], ''],
  [
    'a deny-all that is selected takes nothing from an allow-all that is too, in whatever order',
    [{ ...all, ...inward({}) }, { ...all, policyTypes: ['Ingress'] }, OURS],
    'in',
  ],
  ['our own policy, to which somebody added a rule: SSA leaves fields of others', [{ ...OURS, egress: [{}] }], 'out'],
  ['an empty list of peers is everybody', [{ ...web, ...inward({ from: [] }) }], 'in'],
  ['a peer by pods is of the own namespace', [{ ...web, ...inward({ from: [{ podSelector: {} }] }) }], 'in'],
  ['a peer by namespace', [{ ...web, ...inward({ from: [{ namespaceSelector: { matchLabels: { team: 'a' } } }] }) }], 'in'],
  [
    'pods there may yet be, so a selector that selects nobody now still allows',
    [{ ...web, ...inward({ from: [{ podSelector: { matchLabels: { app: 'none-yet' } } }] }) }],
    'in',
  ],
  [
    'a selector that contradicts itself can select nobody',
    [
      {
        ...web,
        ...inward({ from: [{ podSelector: { matchLabels: { a: '1' }, matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['1'] }] } }] }),
      },
    ],
    '',
  ],
  [
    'a key that must exist and must not',
    [
      {
        ...web,
        ...inward({
          from: [
            {
              namespaceSelector: {
                matchExpressions: [
                  { key: 'a', operator: 'Exists' },
                  { key: 'a', operator: 'DoesNotExist' },
                ],
              },
            },
          ],
        }),
      },
    ],
    '',
  ],
  [
    'In of two lists without a common value',
    [
      {
        ...web,
        ...inward({
          from: [
            {
              podSelector: {
                matchExpressions: [
                  { key: 'a', operator: 'In', values: ['1'] },
                  { key: 'a', operator: 'In', values: ['2'] },
                ],
              },
            },
          ],
        }),
      },
    ],
    '',
  ],
  [
    'one peer that can be is enough',
    [{ ...web, ...inward({ from: [{ podSelector: { matchExpressions: [{ key: 'a', operator: 'In', values: [] }] } }, { podSelector: {} }] }) }],
    'in',
  ],
  [
    'every namespace has its name as a label, so none lacks it',
    [{ ...web, ...inward({ from: [{ namespaceSelector: where('kubernetes.io/metadata.name', 'DoesNotExist').podSelector }] }) }],
    '',
  ],
  [
    'a pod may lack that key',
    [{ ...web, ...inward({ from: [{ podSelector: where('kubernetes.io/metadata.name', 'DoesNotExist').podSelector }] }) }],
    'in',
  ],
  [
    'NotIn leaves the values that it does not name',
    [
      {
        ...web,
        ...inward({
          from: [
            {
              podSelector: {
                matchExpressions: [
                  { key: 'a', operator: 'Exists' },
                  { key: 'a', operator: 'NotIn', values: ['1'] },
                ],
              },
            },
          ],
        }),
      },
    ],
    'in',
  ],
  [
    'In but for one value leaves the other',
    [
      {
        ...web,
        ...inward({
          from: [
            {
              podSelector: {
                matchExpressions: [
                  { key: 'a', operator: 'In', values: ['1', '2'] },
                  { key: 'a', operator: 'NotIn', values: ['1'] },
                ],
              },
            },
          ],
        }),
      },
    ],
    'in',
  ],
  [
    'DoesNotExist and NotIn agree: what lacks the key is selected',
    [
      {
        ...web,
        ...inward({
          from: [
            {
              podSelector: {
                matchExpressions: [
                  { key: 'a', operator: 'DoesNotExist' },
                  { key: 'a', operator: 'NotIn', values: ['1'] },
                ],
              },
            },
          ],
        }),
      },
    ],
    'in',
  ],
  [
    'two peers are an either-or: nobody of one, a block of the other',
    [{ ...web, ...inward({ from: [{ podSelector: where('a', 'In', []).podSelector }, world] }) }],
    'in',
  ],
  [
    'peers and ports of one rule must both match: nobody by any port',
    [{ ...web, ...inward({ from: [{ podSelector: where('a', 'In', []).podSelector }], ports: [{ port: 80 }] }) }],
    '',
  ],
  ['peers and ports of one rule must both match: everybody by no port', [{ ...web, ...inward({ from: [world], ports: [{ port: 'metrics' }] }) }], ''],
  [
    'another rule of the policy is another chance',
    [{ ...web, policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 'metrics' }] }, { from: [world] }] }],
    'in',
  ],
  ['the whole of IPv4 excepted from itself', [{ ...web, ...outward({ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['0.0.0.0/0'] } }] }) }], ''],
  [
    'the whole of IPv4 but the private blocks',
    [{ ...web, ...outward({ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'] } }] }) }],
    'out',
  ],
  [
    'an exception that begins inside and another before it',
    [{ ...web, ...outward({ to: [{ ipBlock: { cidr: '10.0.0.0/31', except: ['10.0.0.1/32', '10.0.0.0/32'] } }] }) }],
    '',
  ],
  ['the whole internet', [{ ...web, ...outward({ to: [world] }) }], 'out'],
  ['an exception takes a part only', [{ ...web, ...outward({ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }] }) }], 'out'],
  [
    'exceptions that take all leave nothing',
    [{ ...web, ...outward({ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/9', '10.128.0.0/9'] } }] }) }],
    '',
  ],
  [
    'exceptions that overlap and take all',
    [{ ...web, ...outward({ to: [{ ipBlock: { cidr: '10.0.0.0/30', except: ['10.0.0.2/31', '10.0.0.0/31', '10.0.0.0/30'] } }] }) }],
    '',
  ],
  ['one address is left', [{ ...web, ...outward({ to: [{ ipBlock: { cidr: '10.0.0.0/30', except: ['10.0.0.0/31', '10.0.0.3/32'] } }] }) }], 'out'],
  [
    'an exception of the other family takes nothing',
    [{ ...web, ...outward({ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['::/0'] } }] }) }],
    'out',
  ],
  ['IPv6, all of it excepted', [{ ...web, ...outward({ to: [{ ipBlock: { cidr: 'fd00::/8', except: ['fd00::/9', 'fd80::/9'] } }] }) }], ''],
  ['IPv6, a part', [{ ...web, ...outward({ to: [{ ipBlock: { cidr: '2001:db8::/32', except: ['2001:db8:1::/48'] } }] }) }], 'out'],
  ['one address', [{ ...web, ...inward({ from: [{ ipBlock: { cidr: '203.0.113.7/32' } }] }) }], 'in'],
  ['a block that cannot be read is taken to leave some', [{ ...web, ...outward({ to: [{ ipBlock: { cidr: 'nonsense' } }] }) }], 'out'],
  ['an empty list of ports is all ports', [{ ...web, ...inward({ ports: [] }) }], 'in'],
  ['a port by its number', [{ ...web, ...inward({ ports: [{ port: 8080 }] }) }], 'in'],
  ['a number where nobody listens: the policy allows it all the same', [{ ...web, ...inward({ ports: [{ port: 9 }] }) }], 'in'],
  ['a named port of the pod', [{ ...web, ...inward({ ports: [{ port: 'http' }] }) }], 'in'],
  ['a named port that the pod does not have lets nothing in', [{ ...web, ...inward({ ports: [{ port: 'metrics' }] }) }], ''],
  ['a named port of another protocol', [{ ...web, ...inward({ ports: [{ port: 'dns' }] }) }], ''],
  ['a named port of its protocol', [{ ...web, ...inward({ ports: [{ port: 'dns', protocol: 'UDP' }] }) }], 'in'],
  ['a named port of egress is one of the peers', [{ ...web, ...outward({ ports: [{ port: 'metrics' }] }) }], 'out'],
  ['one of several ports is enough', [{ ...web, ...inward({ ports: [{ port: 'metrics' }, { port: 'http' }] }) }], 'in'],
  ['a named port of a container beside the first', [{ ...web, ...inward({ ports: [{ port: 'dns', protocol: 'UDP' }, { port: 'none' }] }) }], 'in'],
  ['a named port in another case is another name', [{ ...web, ...inward({ ports: [{ port: 'HTTP' }] }) }], ''],
  ['a range of one port', [{ ...web, ...inward({ ports: [{ port: 80, endPort: 80 }] }) }], 'in'],
  ['a range that ends before it begins holds no port', [{ ...web, ...inward({ ports: [{ port: 80, endPort: 79 }] }) }], ''],
  ['a range of ports', [{ ...web, ...outward({ ports: [{ port: 32_000, endPort: 32_768 }] }) }], 'out'],
  ['a protocol without a port', [{ ...web, ...outward({ ports: [{ protocol: 'SCTP' }] }) }], 'out'],
  [
    'DNS, as nearly every namespace allows it',
    [
      OURS,
      {
        ...all,
        ...outward({
          to: [{ namespaceSelector: {}, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
          ports: [{ protocol: 'UDP', port: 53 }],
        }),
      },
    ],
    'out',
  ],
  [
    'pods and namespaces in one peer must both match somebody',
    [{ ...web, ...inward({ from: [{ namespaceSelector: {}, podSelector: { matchExpressions: [{ key: 'a', operator: 'In', values: [] }] } }] }) }],
    '',
  ],
];

const policies = (specs: readonly Spec[]): NetworkPolicy[] => specs.map((spec, index) => ({ metadata: { name: `p${index}` }, spec }));

describe('what still passes to and from a pod in quarantine', () => {
  it.each(TABLE)('%s', (_reason, specs, passes) => {
    const { contained, residual } = analyse(POD, 'portable', policies(specs));
    const directions = [...new Set(residual.map(({ direction }) => (direction === 'ingress' ? 'in' : 'out')))].join(' ');
    const held = passes.endsWith('!') ? 'none' : 'partial';
    expect({ directions, contained }).toEqual({ directions: passes.replace(' !', ''), contained: passes === '' ? 'full' : held });
  });

  it('has every reason once', () => {
    expect(new Set(TABLE.map(([reason]) => reason)).size).toBe(TABLE.length);
  });

  it('names rules by their place in the policy, those that let nothing through counted too', () => {
    const { residual } = analyse(POD, 'portable', policies([{ ...web, policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 'none' }] }, {}] }]));
    expect(residual).toMatchObject([{ policy: 'p0', rule: 1 }]);
  });
});
