import type { Action, Artefact } from '@tocsin/domain';

const HASH = '3f0f6f0b5c0e4b7d9d3a0b8c1e2f4a6b8c0d2e4f6a8b0c2d4e6f8a0b2c4d6e8f';

export const actionExample: Action = {
  schema: 1,
  id: '5f1c2d3e-4a5b-5c6d-8e7f-9a0b1c2d3e4f',
  version: 2,
  state: 'awaiting_approval',
  policy: 'contain-miners',
  step: 'quarantine',
  type: 'quarantine',
  target: { type: 'pod', name: 'shop/web-6d5f7c9b8d-x2lqp' },
  cluster: 'prod',
  incident: '68a5396a-3234-5574-bca7-f681b73be6c0',
  severity_id: 5,
  mode: 'propose',
  reason: 'The policy proposes.',
  time: '2026-09-14T14:02:13.000Z',
  created_at: '2026-09-14T14:02:12.000Z',
  plan: {
    summary: 'Cut pod shop/web-6d5f7c9b8d-x2lqp off the network.',
    scope: {
      cluster: 'prod',
      namespace: 'shop',
      node: 'worker-1',
      pod: { name: 'web-6d5f7c9b8d-x2lqp', uid: '0d9f2c1e-7a64-4f0b-9a51-3c1f5b6d7e8f' },
      workload: { kind: 'Deployment', name: 'web', uid: '7c1d8f0a-9b3e-4c6d-8a2f-1e0d9c8b7a6f', replicas: 3 },
    },
    changes: ['label tocsin.dev/quarantine: (none) → q-5f1c2d3e-4a5b-5c6d-8e7f-9a0b1c2d3e4f'],
    warnings: ['NetworkPolicy "allow-dns" still allows egress to pods k8s-app=kube-dns of all namespaces (UDP 53).'],
    details: { strategy: 'portable', contained: 'partial' },
  },
  plan_hash: HASH,
  approvals: { required: 1, from: ['security'], given: [], expires_at: '2026-09-14T14:32:13.000Z', why: 'The policy proposes.' },
};

export const artefactExample: Artefact = {
  schema: 1,
  id: '0b7e6d5c-4a3f-5e2d-9c1b-8a7f6e5d4c3b',
  action: actionExample.id,
  incident: '68a5396a-3234-5574-bca7-f681b73be6c0',
  name: 'capture.pcap',
  media_type: 'application/vnd.tcpdump.pcap',
  bytes: 1_488,
  sha256: HASH,
  source_sha256: HASH,
  intact: true,
  truncated: false,
  source: { cluster: 'prod', namespace: 'shop', pod: { name: 'web-6d5f7c9b8d-x2lqp', uid: '0d9f2c1e-7a64-4f0b-9a51-3c1f5b6d7e8f' } },
  collected_at: '2026-09-14T14:04:00.000Z',
  retain_until: '2026-12-13T14:04:00.000Z',
};

export const controlExample = { stopped: true, actor: 'ann', reason: 'We look at it first.', time: '2026-09-14T14:05:00.000Z' };

export const auditExample = {
  seq: 42,
  time: '2026-09-14T14:03:00.000Z',
  actor: 'ann',
  event: 'action.approved',
  subject: actionExample.id,
  detail: { from: 'awaiting_approval', policy: 'contain-miners', plan_hash: HASH },
  previous_hash: HASH,
  hash: HASH,
};
