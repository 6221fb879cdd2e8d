import type { CorrelationRule } from '@tocsin/policy';

/**
 * The rule with all that it is chained to, and those that it inhibits: what its own tests need. They say what it does when
 * it is in force and makes incidents of its own, so that building blocks, and rules that are not in force yet, are tested too.
 */
export function rulesFor(rule: CorrelationRule, all: readonly CorrelationRule[]): CorrelationRule[] {
  const byName = new Map(all.map((one) => [one.metadata.name, one]));
  const needed = new Map<string, CorrelationRule>();
  const add = (name: string): void => {
    const one = byName.get(name);
    if (one === undefined || needed.has(name)) return;
    needed.set(name, one);
    one.spec.rules.forEach(add);
  };
  add(rule.metadata.name);
  for (const { rules } of rule.spec.inhibits) rules.forEach(add);
  return [...needed.values()].map((one) => {
    const own = one.metadata.name === rule.metadata.name;
    const { generate, inhibits } = one.spec;
    // What the others inhibit is not here.
    return { ...one, spec: { ...one.spec, enabled: true, generate: own || generate, inhibits: own ? inhibits : [] } };
  });
}
