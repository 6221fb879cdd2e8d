import type { ActionTarget, EntityRef, Incident, Violation } from '@tocsin/domain';
import type { ActionType } from '@tocsin/policy';

/** What is answered. */
export type Subject = { incident: Incident } | { violation: Violation };

type Kind = EntityRef['type'];

/** What an action is done to: the first of these kinds of which the subject names any. */
const KINDS: Record<Exclude<ActionType, 'webhook'>, readonly Kind[]> = {
  snapshot: ['pod', 'workload'],
  quarantine: ['pod', 'workload'],
  detach: ['pod'],
  capture: ['pod'],
  evict: ['pod'],
  cordon: ['node'],
  scale: ['workload'],
  label: ['pod', 'workload', 'node'],
  annotate: ['pod', 'workload', 'node'],
};

/** The targets of an action, and when there are none, what was looked for. */
export function targetsOf(action: ActionType, subject: Subject): { targets: ActionTarget[]; wanted: readonly Kind[] } {
  if (action === 'webhook') return { targets: [itself(subject)], wanted: [] };
  const wanted = KINDS[action];
  const entities = 'incident' in subject ? subject.incident.entities : entitiesOf(subject.violation);
  const kind = wanted.find((one) => entities.some(({ type }) => type === one));
  return { targets: entities.filter(({ type }) => type === kind), wanted };
}

function itself(subject: Subject): ActionTarget {
  return 'incident' in subject ? { type: 'incident', name: subject.incident.id } : { type: 'violation', name: subject.violation.id };
}

/** Those that actions are done to, named as incidents name them. */
function entitiesOf({ workload, pod, node }: Violation): EntityRef[] {
  const inNamespace = (name: string): string => (workload.namespace === undefined ? name : `${workload.namespace}/${name}`);
  const entities: EntityRef[] = [];
  if (workload.name !== undefined) entities.push({ type: 'workload', name: inNamespace(workload.name) });
  if (pod?.name !== undefined) entities.push({ type: 'pod', name: inNamespace(pod.name) });
  if (node?.name !== undefined) entities.push({ type: 'node', name: node.name });
  return entities;
}
