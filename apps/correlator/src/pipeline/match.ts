import type { Attack, EntityRef, Violation } from '@tocsin/domain';
import type { Match } from '../rules/rule-kind.js';
import { readText } from './group.js';
import type { CompiledRule } from './rule.js';

/** What a member adds to its incident. */
export interface Details {
  /** As `type:name`. */
  entities: readonly string[];
  /** As `tactic/technique`, either may be empty. */
  attacks: readonly string[];
  /** It came to ingest later than the correlator waits for. */
  late: boolean;
}

/** One text, since a window may hold a million of them; see `parseDetails`. */
export function detailsOf(violation: Violation, grace: number): string {
  const late = Date.parse(violation.received_time) - Date.parse(violation.time) > grace;
  const entities = entitiesOf(violation).map(({ type, name }) => `${type}:${name}`);
  return JSON.stringify([entities, violation.attacks.map(attackText), ...(late ? [1] : [])]);
}

export function parseDetails(text: string): Details {
  const [entities, attacks, late] = JSON.parse(text) as [string[], string[], 1?];
  return { entities, attacks, late: late === 1 };
}

/** The violation as a rule sees it that has a filter; undefined when the rule counts values and it has none. */
export function matchOf(rule: CompiledRule, violation: Violation, details: string): Match | undefined {
  const key = rule.field === undefined ? viaOf(rule, rule) : readText(violation, rule.field);
  if (rule.field !== undefined && key === '') return undefined;
  const match: Match = { id: violation.id, t: Date.parse(violation.time), s: violation.severity_id, k: key, d: details };
  if (rule.carries.length > 0) match.c = Object.fromEntries(rule.carries.map((path) => [path, readText(violation, path)]));
  return match;
}

/** A member of one rule as a match of another that is chained to it. */
export function chainedMatch(rule: CompiledRule, via: CompiledRule, member: Match): Match | undefined {
  const key = rule.field === undefined ? viaOf(rule, via) : (member.c?.[rule.field] ?? '');
  if (rule.field !== undefined && key === '') return undefined;
  const match: Match = { id: member.id, t: member.t, s: member.s, k: key, d: member.d };
  if (rule.carries.length > 0) match.c = Object.fromEntries(rule.carries.map((path) => [path, member.c?.[path] ?? '']));
  return match;
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

/** Rules that are chained to others tell their matches apart by the rule that they came through. */
function viaOf({ input }: CompiledRule, via: CompiledRule): string {
  return input === 'rule' ? via.name : '';
}
