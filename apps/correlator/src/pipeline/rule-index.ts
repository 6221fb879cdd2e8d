import type { Violation } from '@tocsin/domain';
import { readText } from './group.js';
import type { CompiledRule } from './rule.js';

/** Fields with few violations for one value come first: a rule is filed under the first of these that it fixes. */
const SELECTIVE = ['name', 'process.name', 'file.path', 'image.name', 'workload.name', 'user.name', 'workload.namespace'];
/** Fields that many violations share, better than none. */
const COARSE = ['kind', 'source', 'cluster'];

/** Finds the rules worth asking, so that rules which cannot match a violation cost nothing. */
export class RuleIndex {
  readonly #byField = new Map<string, Map<string, CompiledRule[]>>();
  readonly #always: CompiledRule[] = [];

  constructor(rules: readonly CompiledRule[]) {
    for (const rule of rules) this.#file(rule);
  }

  #file(rule: CompiledRule): void {
    const required = bestOf(rule);
    if (required === undefined) {
      this.#always.push(rule);
      return;
    }
    let values = this.#byField.get(required.field);
    if (values === undefined) this.#byField.set(required.field, (values = new Map<string, CompiledRule[]>()));
    for (const value of new Set(required.values)) {
      const filed = values.get(value);
      if (filed === undefined) values.set(value, [rule]);
      else filed.push(rule);
    }
  }

  /** Calls back for each rule whose filter the violation passes. */
  match(violation: Violation, onMatch: (rule: CompiledRule) => void): void {
    for (const [field, values] of this.#byField) {
      const filed = values.get(readText(violation, field));
      if (filed !== undefined) ask(filed, violation, onMatch);
    }
    ask(this.#always, violation, onMatch);
  }
}

function ask(rules: readonly CompiledRule[], violation: Violation, onMatch: (rule: CompiledRule) => void): void {
  for (const rule of rules) if (rule.filter?.test(violation) === true) onMatch(rule);
}

function bestOf({ requires }: CompiledRule): CompiledRule['requires'][number] | undefined {
  const find = (fields: readonly string[]) => fields.flatMap((field) => requires.find((required) => required.field === field) ?? [])[0];
  return find(SELECTIVE) ?? requires.find(({ field }) => !COARSE.includes(field)) ?? find(COARSE);
}
