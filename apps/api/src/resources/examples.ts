import type { Incident, Silence, Violation } from '@tocsin/domain';
import type { CommandBody } from './command.js';
import type { DeadLetter, DeadLetterSummary } from './dead-letter.js';
import type { EvidenceBody, HistoryBody } from './incident.js';

/** One story, told by each resource: a shell in a web shop's container. A test checks them against the schemas. */
export const violationExample: Violation = {
  schema: 1,
  id: '7d1f0e52-6a43-5b0c-8f0e-2b9a3c1d4e5f',
  source: 'falco',
  kind: 'process',
  name: 'Terminal shell in container',
  message: 'A shell was spawned in a container with an attached terminal',
  severity_id: 3,
  time: '2026-09-14T14:02:11.123Z',
  received_time: '2026-09-14T14:02:11.406Z',
  cluster: 'prod-eu',
  workload: { namespace: 'shop', name: 'web' },
  pod: { name: 'web-6d5f7c9b8-x2x7p' },
  container: { id: '3ad7b26ded6d', name: 'nginx' },
  image: { name: 'registry.example/shop/web', tag: '1.27' },
  user: { name: 'root', uid: 0 },
  process: { name: 'bash', cmd_line: 'bash -i', pid: 4711, parent: { name: 'runc' } },
  disposition: 'Detected',
  attacks: [{ tactic: 'execution', technique: 'T1059' }],
  tags: ['container', 'shell'],
  count: 1,
  raw: '{"rule":"Terminal shell in container"}',
};

export const incidentExample: Incident = {
  schema: 1,
  id: '1c9b5a70-4f7e-5d21-9a57-0c6f1e2d3b4a',
  version: 1,
  change: 'opened',
  status: 'open',
  rule: { name: 'shell-in-container', version: '5e884898', title: 'Shell in a container' },
  title: 'Shell in a container (shop/web)',
  reason: '1 violation matched rule "shell-in-container", and one match is enough.',
  severity_id: 4,
  cluster: 'prod-eu',
  group: { cluster: 'prod-eu', 'workload.namespace': 'shop', 'workload.name': 'web' },
  entities: [{ type: 'workload', name: 'shop/web' }],
  attacks: [{ tactic: 'execution', technique: 'T1059' }],
  count: 1,
  late: 0,
  first_seen: violationExample.time,
  last_seen: violationExample.time,
  violations: [{ id: violationExample.id, time: violationExample.time }],
  updated_at: '2026-09-14T14:02:11.432Z',
  told: { version: 1, time: '2026-09-14T14:02:11.432Z' },
};

export const evidenceExample: EvidenceBody = {
  id: violationExample.id,
  time: violationExample.time,
  rule: 'shell-in-container',
  rule_version: '5e884898',
  late: false,
  violation: violationExample,
};

export const historyExample: HistoryBody = {
  version: 2,
  time: '2026-09-14T14:09:40.000Z',
  change: 'acknowledged',
  actor: 'ann',
  comment: 'on it',
  from_status: 'open',
  to_status: 'acknowledged',
  severity_id: 4,
  count: 1,
};

export const commandExample: CommandBody = {
  id: '5b2f9d3e-8a31-5b0e-9d0c-1f2e3d4c5b6a',
  incident: incidentExample.id,
  state: 'pending',
};

export const silenceExample: Silence = {
  id: '9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a',
  filter: 'incident.group["workload.namespace"] == "shop"',
  starts_at: '2026-09-14T20:00:00.000Z',
  ends_at: '2026-09-14T22:00:00.000Z',
  author: 'ann',
  comment: 'node upgrade',
  created_at: '2026-09-14T19:55:00.000Z',
};

export const deadLetterSummaryExample: DeadLetterSummary = {
  id: '3-1042',
  time: '2026-09-14T14:05:00.000Z',
  stage: 'decode',
  reason: 'bad_input',
  message: 'the body is not JSON',
  component: 'falco',
  attempts: 1,
  first_time: '2026-09-14T14:05:00.000Z',
  last_time: '2026-09-14T14:05:00.000Z',
  key: null,
  bytes: 7,
};

export const deadLetterExample: DeadLetter = {
  ...deadLetterSummaryExample,
  headers: { 'tocsin.error.stage': 'decode', 'tocsin.error.reason': 'bad_input' },
  payload: { base64: 'eyJydWxlIg==', text: '{"rule"' },
};
