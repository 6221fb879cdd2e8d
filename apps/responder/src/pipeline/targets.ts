import type { ActionTarget, EntityRef, Incident, Violation } from '@tocsin/domain';
import { nameWithin, type ActionType, type Reach } from '@tocsin/policy';
import { actionRegistry } from '../actions/index.js';

/** What is answered. */
export type Subject = { incident: Incident } | { violation: Violation };

/** The targets of an action: those of the first kind that it takes of which the subject names any; when there are none, what was looked for. */
export function targetsOf(
  action: ActionType,
  subject: Subject,
  reach: Reach | undefined,
): { targets: ActionTarget[]; wanted: readonly ActionTarget['type'][] } {
  const wanted = actionRegistry.get(action)?.needs.targets ?? [];
  const named: readonly ActionTarget[] = 'incident' in subject ? subject.incident.entities : entitiesOf(subject.violation);
  const entities = reach === undefined ? named : named.filter((entity) => isWithin(reach, entity));
  const kind = wanted.find((one) => entities.some(({ type }) => type === one));
  return { targets: entities.filter(({ type }) => type === kind), wanted };
}

/** An incident may name entities of several namespaces, and nodes, which are in none. */
function isWithin(reach: Reach, { type, name }: ActionTarget): boolean {
  return (type === 'pod' || type === 'workload') && name.startsWith(nameWithin(reach, ''));
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
