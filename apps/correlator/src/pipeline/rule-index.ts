import type { Violation } from '@tocsin/domain';
import type { CompiledRule } from './rule.js';

/** Fields that rules most often fix, the most selective first; a rule is filed under the first that it fixes. */
const INDEXED = ['name', 'kind', 'source'] as const;

/** Finds the rules worth asking, so that rules which cannot match a violation cost nothing. */
export class RuleIndex {
  readonly #byField = new Map<(typeof INDEXED)[number], Map<string, CompiledRule[]>>();
  readonly #always: CompiledRule[] = [];

  constructor(rules: readonly CompiledRule[]) {
    for (const rule of rules) this.#file(rule);
  }

  #file(rule: CompiledRule): void {
    for (const field of INDEXED) {
      const required = rule.requires.find((item) => item.field === field);
      if (required === undefined) continue;
      let values = this.#byField.get(field);
      if (values === undefined) this.#byField.set(field, (values = new Map<string, CompiledRule[]>()));
      for (const value of new Set(required.values)) {
        const filed = values.get(value);
        if (filed === undefined) values.set(value, [rule]);
        else filed.push(rule);
      }
      return;
    }
    this.#always.push(rule);
  }

  /** Calls back for each rule whose filter the violation passes. */
  match(violation: Violation, onMatch: (rule: CompiledRule) => void): void {
    const ask = (rule: CompiledRule): void => {
      if (rule.filter.test(violation)) onMatch(rule);
    };
    for (const [field, values] of this.#byField) values.get(violation[field])?.forEach(ask);
    this.#always.forEach(ask);
  }
}
