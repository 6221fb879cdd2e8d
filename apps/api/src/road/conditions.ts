import type { Violation } from '@tocsin/domain';
import { explainFilter, reasonsOf, type Reason } from '@tocsin/policy';
import { getPolicy, type Queryable } from '@tocsin/store';

/** What a rule in force makes of one violation. */
export interface Conditions {
  rule: string;
  enabled: boolean;
  /** Its own condition, or those of the rules that it is chained to. */
  conditions: { rule: string; enabled: boolean; matches: boolean; reasons: Reason[] }[];
}

/** What is read of a rule's document. */
interface RuleDocument {
  spec: { filter?: string; rules?: readonly string[] };
}

/** A chain of more rules than this is told of up to here. */
const MOST_RULES = 50;

/** Undefined when no such rule is in force. */
export async function conditionsOf(db: Queryable, rule: string, violation: Violation): Promise<Conditions | undefined> {
  const asked = await getPolicy(db, 'CorrelationRule', rule);
  if (asked === undefined) return undefined;
  const conditions: Conditions['conditions'] = [];
  const names = new Set([rule]);
  // The set grows while it is gone through.
  for (const name of names) {
    const policy = name === rule ? asked : await getPolicy(db, 'CorrelationRule', name);
    if (policy === undefined) continue;
    const { spec } = JSON.parse(policy.document) as RuleDocument;
    if (spec.filter !== undefined) {
      const term = explainFilter(spec.filter, 'violation', violation);
      conditions.push({ rule: name, enabled: policy.mode === 'enabled', matches: term.outcome === true, reasons: reasonsOf(term) });
    }
    for (const input of spec.rules ?? []) if (names.size < MOST_RULES) names.add(input);
  }
  return { rule, enabled: asked.mode === 'enabled', conditions };
}

/** In sentences. `joined`: an incident holds the violation by one of these rules. `evicted`: what the rule gave up for want of room, ever. */
export function tellConditions({ rule, enabled, conditions }: Conditions, joined: boolean, evicted: number): string[] {
  const matches = conditions.filter((condition) => condition.matches);
  return [
    ...(enabled ? [] : [`The rule ${rule} is disabled.`]),
    ...conditions.map(tellCondition),
    ...(matches.length > 0 && !joined && enabled ? [`No incident holds it by the rule ${rule}: ${whyNone(evicted)}`] : []),
  ];
}

function whyNone(evicted: number): string {
  const waits = 'it waits for more of its group, or came before the rule was as it is';
  return evicted === 0
    ? `${waits}.`
    : `${waits}, or was evicted: the rule gave up ${evicted} for want of room (see incidents of the rule detection-degraded).`;
}

function tellCondition({ rule, enabled, matches, reasons }: Conditions['conditions'][number]): string {
  const name = enabled ? `The rule ${rule}` : `The rule ${rule}, which is disabled,`;
  return matches ? `${name} matches it.` : `${name} does not match it: ${reasons.map(tellReason).join('; ')}.`;
}

function tellReason({ text, holds, negated, found, mistyped }: Reason): string {
  const term = negated ? `not ${text}` : text;
  if (found.length === 0) return `${term} (which ${holds ? 'holds' : 'does not hold'})`;
  return `${term} (found ${found.map(({ field, value }) => `${field} ${value}`).join(', ')}${mistyped ? ', which cannot be compared so' : ''})`;
}
