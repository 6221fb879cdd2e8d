import type { Action, Attack, Digest, Endpoint, Incident, SeverityId, TopTalkers, Violation } from '@tocsin/domain';
import type { Told } from './format.js';

/** What flat formats say of an event: one value per question, undefined where the event has no answer. */
export interface Facts {
  kind: 'violation' | 'incident' | 'action' | 'digest';
  id: string;
  version?: number | undefined;
  /** What names this kind of event: the sensor's rule, the correlation rule, the type of the action. */
  class: string;
  /** One line for people. */
  name: string;
  message: string;
  severityId: SeverityId;
  /** RFC 3339. */
  time: string;
  firstSeen?: string | undefined;
  lastSeen?: string | undefined;
  /** What kind of event, within its kind: `process`, `network`; the change of an incident. */
  category: string;
  /** What the sensor did, how the incident or action stands. */
  outcome: string;
  count?: number | undefined;
  source?: string | undefined;
  cluster?: string | undefined;
  namespace?: string | undefined;
  workload?: string | undefined;
  pod?: string | undefined;
  node?: string | undefined;
  containerId?: string | undefined;
  containerName?: string | undefined;
  image?: string | undefined;
  user?: string | undefined;
  userId?: number | undefined;
  process?: string | undefined;
  processId?: number | undefined;
  commandLine?: string | undefined;
  parentProcess?: string | undefined;
  file?: string | undefined;
  sourceEndpoint?: Endpoint | undefined;
  destinationEndpoint?: Endpoint | undefined;
  protocol?: string | undefined;
  attacks?: string | undefined;
  entities?: string | undefined;
  policy?: string | undefined;
  target?: string | undefined;
  /** Of the incident or violation that an action answers. */
  answers?: string | undefined;
  actor?: string | undefined;
  comment?: string | undefined;
}

export function factsOf(event: Told): Facts {
  switch (event.events) {
    case 'violations':
      return ofViolation(event.data);
    case 'incidents':
      return ofIncident(event.data);
    case 'actions':
      return ofAction(event.data);
    case 'digests':
      return ofDigest(event.data);
  }
}

function ofViolation(violation: Violation): Facts {
  const { workload, pod, container, image, node, user, process, file } = violation;
  return {
    kind: 'violation',
    id: violation.id,
    class: violation.name,
    name: violation.name,
    message: violation.message,
    severityId: violation.severity_id,
    time: violation.time,
    category: violation.kind,
    outcome: violation.disposition,
    count: violation.count,
    source: violation.source,
    cluster: violation.cluster,
    namespace: workload.namespace,
    workload: workload.name,
    pod: pod?.name,
    node: node?.name,
    containerId: container?.id,
    containerName: container?.name,
    image: imageReference(image),
    user: user?.name,
    userId: user?.uid,
    process: process?.path ?? process?.name,
    processId: process?.pid,
    commandLine: process?.cmd_line,
    parentProcess: process?.parent?.name,
    file: file?.path,
    sourceEndpoint: violation.src_endpoint,
    destinationEndpoint: violation.dst_endpoint,
    protocol: violation.protocol,
    attacks: attackNames(violation.attacks),
  };
}

function ofIncident(incident: Incident): Facts {
  const { rule, group } = incident;
  return {
    kind: 'incident',
    id: incident.id,
    version: incident.version,
    class: rule.name,
    name: incident.title,
    message: incident.reason,
    severityId: incident.severity_id,
    time: incident.updated_at,
    firstSeen: incident.first_seen,
    lastSeen: incident.last_seen,
    category: incident.change,
    outcome: incident.status,
    count: incident.count,
    cluster: incident.cluster,
    namespace: group['workload.namespace'],
    workload: group['workload.name'],
    pod: group['pod.name'],
    node: group['node.name'],
    attacks: attackNames(incident.attacks),
    entities: incident.entities.map(({ type, name }) => `${type} ${name}`).join(', '),
    actor: incident.actor,
    comment: incident.comment,
  };
}

function ofAction(action: Action): Facts {
  const { target, plan } = action;
  return {
    kind: 'action',
    id: action.id,
    version: action.version,
    class: action.type,
    name: `${action.type} ${target.type} ${target.name}`,
    message: action.reason,
    severityId: action.severity_id,
    time: action.time,
    category: action.mode,
    outcome: action.state,
    cluster: action.cluster,
    namespace: plan?.scope.namespace,
    workload: plan?.scope.workload?.name,
    pod: plan?.scope.pod?.name,
    node: plan?.scope.node,
    policy: action.policy,
    target: `${target.type} ${target.name}`,
    answers: action.incident ?? action.violation,
    actor: action.actor,
    comment: action.comment,
  };
}

function ofDigest(digest: Digest): Facts {
  return {
    kind: 'digest',
    id: digest.id,
    class: 'digest',
    name: `${digest.reason} of ${digest.events}`,
    message: digest.summary,
    severityId: digest.severity_id,
    time: digest.time,
    firstSeen: digest.first_seen,
    lastSeen: digest.last_seen,
    category: digest.reason,
    outcome: digest.events,
    count: digest.count,
    namespace: digest.group['workload.namespace'],
    workload: digest.group['workload.name'],
    entities: talkers(digest.workloads),
    comment: talkers(digest.names),
  };
}

/** The most frequent values with their counts. */
export function talkers({ values, others }: TopTalkers): string {
  const named = values.map(({ value, count }) => `${value} (${count})`);
  return [...named, ...(others > 0 ? [`others (${others})`] : [])].join(', ');
}

function imageReference(image: Violation['image']): string | undefined {
  if (image?.name === undefined) return image?.digest;
  const tag = image.tag === undefined ? '' : `:${image.tag}`;
  const digest = image.digest === undefined ? '' : `@${image.digest}`;
  return `${image.name}${tag}${digest}`;
}

/** Techniques where they are known, tactics where not. */
function attackNames(attacks: readonly Attack[]): string | undefined {
  const names = attacks.flatMap(({ technique, tactic }) => technique ?? tactic ?? []);
  return names.length === 0 ? undefined : [...new Set(names)].join(', ');
}
