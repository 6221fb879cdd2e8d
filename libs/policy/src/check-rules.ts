import { describeKnown, type ConfigIssue, type Path } from '@tocsin/extension';
import type { CorrelationRule } from './kinds/correlation-rule.js';

/**
 * Checks what no rule can check alone: the rules that it names are there, no chain is circular, what it compares with
 * another is a name that both group by. `rules` are all in force, of all directories together.
 */
export function checkRules(rules: readonly CorrelationRule[]): ConfigIssue[] {
  const byName = new Map(rules.map((rule) => [rule.metadata.name, rule]));
  return rules.flatMap((rule) => [...namedRules(rule, byName), ...circles(rule, byName), ...configNames(rule), ...inhibitions(rule, byName)]);
}

function namedRules(rule: CorrelationRule, byName: ReadonlyMap<string, CorrelationRule>): ConfigIssue[] {
  const missing = (name: string, ...path: Path): ConfigIssue[] =>
    byName.has(name) ? [] : [rule.issue(['spec', ...path], `is "${name}", which is no rule in force; ${describeKnown(name, byName.keys())}`)];
  return [
    ...rule.spec.rules.flatMap((name, index) => missing(name, 'rules', index)),
    ...rule.spec.inhibits.flatMap(({ rules }, at) => rules.flatMap((name, index) => missing(name, 'inhibits', at, 'rules', index))),
  ];
}

/** Each circle is told once, at the rule of it whose name comes first. */
function circles(rule: CorrelationRule, byName: ReadonlyMap<string, CorrelationRule>): ConfigIssue[] {
  const { name: start } = rule.metadata;
  const find = (name: string, path: readonly string[]): string[] | undefined => {
    for (const next of byName.get(name)?.spec.rules ?? []) {
      if (next === start) return [...path, next];
      if (next < start || path.includes(next)) continue;
      const found = find(next, [...path, next]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const circle = find(start, [start]);
  return circle === undefined ? [] : [rule.issue(['spec', 'rules'], `is chained in a circle: ${circle.join(' takes ')}; one of them must have a "filter"`)];
}

/** `after`, `expect` and the keys of `scores` are among `rules`. */
function configNames(rule: CorrelationRule): ConfigIssue[] {
  const { rules, kindConfig } = rule.spec;
  const { after, expect, scores } = kindConfig as { after?: unknown; expect?: unknown; scores?: unknown };
  const named = [
    ...Object.entries({ after, expect }).flatMap(([key, name]) => (typeof name === 'string' ? [[[key], name]] : [])),
    ...(rules.length > 0 && typeof scores === 'object' && scores !== null ? Object.keys(scores).map((name) => [['scores', name], name]) : []),
  ] as [Path, string][];
  return named
    .filter(([, name]) => !rules.includes(name))
    .map(([path, name]) => rule.issue(['spec', ...path], `names "${name}", which is none of "rules"; ${describeKnown(name, rules)}`, path.length > 1 ? 'key' : 'value'));
}

function inhibitions(rule: CorrelationRule, byName: ReadonlyMap<string, CorrelationRule>): ConfigIssue[] {
  return rule.spec.inhibits.flatMap(({ rules, equal }, at) =>
    equal.flatMap((name, index) => {
      const without = [rule, ...rules.flatMap((other) => byName.get(other) ?? [])].find(({ spec }) => !spec.groupBy.includes(name));
      if (without === undefined) return [];
      const known = describeKnown(name, without.spec.groupBy);
      return [rule.issue(['spec', 'inhibits', at, 'equal', index], `is "${name}", but the rule "${without.metadata.name}" does not group by it; ${known}`)];
    }),
  );
}
