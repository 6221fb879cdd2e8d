import type { EventVariable } from '../cel/filter.js';

/**
 * How far the documents of one namespace go, see docs/decisions/0011. The cluster belongs to it: events of several clusters meet here,
 * and a namespace of the same name elsewhere is another one.
 */
export interface Reach {
  cluster: string;
  namespace: string;
}

/** What a document of that namespace is called here; no name of Tocsin's own namespace has a slash. */
export function nameWithin({ namespace }: Reach, name: string): string {
  return `${namespace}/${name}`;
}

/** The condition, and that the event is about the namespace. `source` MUST be a condition by itself. */
export function filterWithin({ cluster, namespace }: Reach, source: string | undefined, variable: EventVariable): string {
  const about = {
    violation: `violation.cluster == ${literal(cluster)} && violation.workload.namespace == ${literal(namespace)}`,
    // All members have what they are grouped by in common; an incident that is not grouped by namespace may be about several, unless its
    // rule is one of the namespace.
    incident: `(incident.rule.name.startsWith(${literal(`${namespace}/`)}) || incident.cluster == ${literal(cluster)} && incident.group["workload.namespace"] == ${literal(namespace)})`,
    action: `action.cluster == ${literal(cluster)} && action.target.type in ["pod", "workload"] && action.target.name.startsWith(${literal(`${namespace}/`)})`,
  }[variable];
  // On a line of its own, since it may end in a comment.
  return source === undefined ? about : `${about} && (\n${source}\n)`;
}

function literal(text: string): string {
  return JSON.stringify(text);
}
