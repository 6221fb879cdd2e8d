import type { Attack, EntityRef, Violation } from '@tocsin/domain';
import type { Match } from '../rules/rule-kind.js';

/** A signal: a match that is counted on another partition than its violation's. Value of `tocsin.signals`. */
export interface Signal {
  rule: string;
  ruleVersion: string;
  group: Record<string, string>;
  groupKey: string;
  match: Match;
}

export function toMatch(violation: Violation): Match {
  return {
    id: violation.id,
    t: Date.parse(violation.time),
    s: violation.severity_id,
    e: entitiesOf(violation).map(({ type, name }) => `${type}:${name}`),
    a: violation.attacks.map(attackText),
  };
}

export function attackText({ tactic, technique }: Attack): string {
  return `${tactic ?? ''}/${technique ?? ''}`;
}

export function parseAttack(text: string): Attack {
  const [tactic, technique] = text.split('/');
  return { ...(tactic ? { tactic } : {}), ...(technique ? { technique } : {}) };
}

export function parseEntity(text: string): EntityRef {
  const colon = text.indexOf(':');
  return { type: text.slice(0, colon) as EntityRef['type'], name: text.slice(colon + 1) };
}

function entitiesOf(violation: Violation): EntityRef[] {
  const namespace = violation.workload.namespace;
  const inNamespace = (name: string): string => (namespace === undefined ? name : `${namespace}/${name}`);
  const entities: EntityRef[] = [];
  const add = (type: EntityRef['type'], name: string | undefined): void => {
    if (name !== undefined && name !== '') entities.push({ type, name });
  };
  add('workload', violation.workload.name && inNamespace(violation.workload.name));
  add('pod', violation.pod?.name && inNamespace(violation.pod.name));
  add('container', violation.container?.id);
  add('node', violation.node?.name);
  add('user', violation.user?.name);
  add('image', violation.image?.name);
  add('address', violation.src_endpoint?.ip);
  add('address', violation.dst_endpoint?.ip);
  return entities;
}
