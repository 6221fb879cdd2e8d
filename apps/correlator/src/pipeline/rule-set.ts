import type { RuleKind } from '../rules/rule-kind.js';
import { compileRule, type CompiledRule, type RuleDefinition } from './rule.js';
import { RuleIndex } from './rule-index.js';

/** The rules in force. Immutable: a reload makes a new one. */
export interface RuleSet {
  readonly byName: ReadonlyMap<string, CompiledRule>;
  /** Of the rules that look at violations. */
  readonly index: RuleIndex;
  /** Which rules mute the incidents of a rule while they have one of their own with the same values. */
  readonly inhibitors: ReadonlyMap<string, readonly { rule: string; equal: readonly string[] }[]>;
  /** The names of those rules. */
  readonly inhibiting: ReadonlySet<string>;
}

/** The definitions MUST have passed the checks of policies: whatever a rule names is there, no chain is circular. */
export function compileRules(definitions: readonly RuleDefinition[], kinds: ReadonlyMap<string, RuleKind>, grace: number): RuleSet {
  const byName = new Map<string, CompiledRule>();
  const defined = new Map(definitions.map((definition) => [definition.name, definition]));
  const compile = (name: string, below: readonly string[]): CompiledRule => {
    const done = byName.get(name);
    if (done !== undefined) return done;
    const definition = defined.get(name);
    if (definition === undefined || below.includes(name)) throw new Error(`Rules are chained to what is not there: ${[...below, name].join(', ')}.`);
    const inputs = definition.rules.map((input) => compile(input, [...below, name]));
    const rule = compileRule(definition, kinds, inputs, grace);
    for (const input of inputs) (input.dependents as CompiledRule[]).push(rule);
    byName.set(name, rule);
    return rule;
  };
  for (const { name } of definitions) compile(name, []);
  // Dependents were compiled after what they depend on, so that walking back meets them first.
  for (const rule of [...byName.values()].toReversed()) (rule.carries as string[]).push(...carriedFor(rule));
  return {
    byName,
    index: new RuleIndex([...byName.values()].filter(({ filter }) => filter !== undefined)),
    inhibitors: inhibitorsOf([...byName.values()]),
    inhibiting: new Set([...byName.values()].filter(({ inhibits }) => inhibits.length > 0).map(({ name }) => name)),
  };
}

function carriedFor(rule: CompiledRule): Set<string> {
  const paths = new Set<string>();
  for (const dependent of rule.dependents) {
    for (const field of dependent.groupBy) paths.add(field.pathOf(rule.name));
    if (dependent.field !== undefined) paths.add(dependent.field);
    for (const path of dependent.carries) paths.add(path);
  }
  return paths;
}

function inhibitorsOf(rules: readonly CompiledRule[]): Map<string, { rule: string; equal: readonly string[] }[]> {
  const inhibitors = new Map<string, { rule: string; equal: readonly string[] }[]>();
  for (const { name, inhibits } of rules) {
    for (const { rules: muted, equal } of inhibits) {
      for (const target of muted) inhibitors.set(target, [...(inhibitors.get(target) ?? []), { rule: name, equal }]);
    }
  }
  return inhibitors;
}
