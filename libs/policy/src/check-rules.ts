import { describeKnown, type ConfigIssue, type Path } from '@tocsin/extension';
import type { CorrelationRule } from './kinds/correlation-rule.js';

type Rules = ReadonlyMap<string, CorrelationRule>;

/**
 * Checks what no rule can check alone: the rules that it names are in force, no chain is circular, rules that mute one
 * another do not do so in a circle, and what they compare is something that both group by. `rules` are those of all
 * directories together; `alsoKnown` are names of further ones, of which nothing else is known.
 */
export function checkRules(rules: readonly CorrelationRule[], alsoKnown: Iterable<string> = []): ConfigIssue[] {
  const all: Rules = new Map(rules.map((rule) => [rule.metadata.name, rule]));
  const inForce: Rules = new Map([...all].filter(([, { spec }]) => spec.enabled));
  const known = new Set([...alsoKnown, ...all.keys()]);
  return [...inForce.values()].flatMap((rule) => [
    ...namedRules(rule, all, known),
    ...chainCircle(rule, inForce),
    ...mutingCircle(rule, inForce),
    ...inhibitions(rule, inForce),
  ]);
}

function namedRules(rule: CorrelationRule, all: Rules, known: ReadonlySet<string>): ConfigIssue[] {
  const check = (name: string, ...path: Path): ConfigIssue[] => {
    const named = all.get(name);
    if (named?.spec.enabled === false) {
      const { file, line } = named.origin;
      const advice = 'enable it there (with "generate: false" it makes no incidents of its own), or take it out here';
      return [rule.issue(['spec', ...path], `is "${name}", which is disabled at ${file}:${line}; ${advice}`)];
    }
    if (known.has(name)) return [];
    const others = [...known].filter((other) => other !== rule.metadata.name);
    return [rule.issue(['spec', ...path], `is "${name}", which is no rule in force; ${describeKnown(name, others)}`)];
  };
  return [
    ...rule.spec.rules.flatMap((name, index) => check(name, 'rules', index)),
    ...rule.spec.inhibits.flatMap(({ rules }, at) => rules.flatMap((name, index) => check(name, 'inhibits', at, 'rules', index))),
  ];
}

function chainCircle(rule: CorrelationRule, rules: Rules): ConfigIssue[] {
  const circle = circleFrom(rule.metadata.name, (name) => rules.get(name)?.spec.rules ?? []);
  if (circle === undefined) return [];
  const index = rule.spec.rules.indexOf(circle[1] as string);
  const problem =
    circle.length === 2 ? 'is this rule itself; name others' : `makes a circle: ${circle.join(' takes ')}; one of them must have a "filter"`;
  return [rule.issue(['spec', 'rules', index], problem)];
}

function mutingCircle(rule: CorrelationRule, rules: Rules): ConfigIssue[] {
  const mutedBy = (name: string): string[] => rules.get(name)?.spec.inhibits.flatMap((inhibition) => inhibition.rules) ?? [];
  const circle = circleFrom(rule.metadata.name, mutedBy);
  if (circle === undefined) return [];
  const at = rule.spec.inhibits.findIndex((inhibition) => inhibition.rules.includes(circle[1] as string));
  const path = ['spec', 'inhibits', at, 'rules', rule.spec.inhibits[at]?.rules.indexOf(circle[1] as string) ?? 0];
  return [rule.issue(path, `makes a circle: ${circle.join(' mutes ')}; nobody would be told of any of them`)];
}

/** `[start, …, start]`, if following names leads back. Each circle is found once: from that of its names that comes first. */
function circleFrom(start: string, next: (name: string) => readonly string[]): string[] | undefined {
  const seen = new Set<string>();
  const find = (path: readonly string[]): string[] | undefined => {
    for (const name of next(path.at(-1) as string)) {
      if (name === start) return [...path, name];
      if (name < start || seen.has(name)) continue;
      seen.add(name);
      const found = find([...path, name]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return find([start]);
}

function inhibitions(rule: CorrelationRule, rules: Rules): ConfigIssue[] {
  return rule.spec.inhibits.flatMap(({ rules: muted, equal }, at) =>
    equal.flatMap((name, index) => {
      const without = [rule, ...muted.flatMap((other) => rules.get(other) ?? [])].find(({ spec }) => !spec.groupBy.includes(name));
      if (without === undefined) return [];
      const whose = without === rule ? 'this rule' : `the rule "${without.metadata.name}"`;
      return [
        rule.issue(
          ['spec', 'inhibits', at, 'equal', index],
          `is "${name}", which ${whose} does not group by; ${describeKnown(name, without.spec.groupBy)}`,
        ),
      ];
    }),
  );
}
