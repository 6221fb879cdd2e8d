import type { Silence } from '@tocsin/domain';
import { ConfigErrors, buildRegistry } from '@tocsin/extension';
import {
  checkRules,
  loadRulePack,
  openPolicySource,
  RULE_PACK,
  type CorrelationRule,
  type PolicySource,
  type SilenceDocument,
  type SourceConfig,
} from '@tocsin/policy';
import type { CorrelatorConfig } from './config.js';
import type { RuleDefinition } from './pipeline/rule.js';
import { compileRules, type RuleSet } from './pipeline/rule-set.js';
import { ruleKinds } from './rules/index.js';

export { groupOf, readText } from './pipeline/group.js';

export const ruleKindRegistry = buildRegistry('rule kind', ruleKinds);

/** What the correlator takes from the policy documents. */
export interface CorrelatorPolicies {
  rules: RuleSet;
  silences: readonly Silence[];
  /** What they were read from, also of rules that are disabled. */
  documents: { rules: readonly CorrelationRule[]; silences: readonly SilenceDocument[] };
}

/** The pack, if it is wanted, and the user's documents. Throws `ConfigErrors`. */
export async function openCorrelatorPolicies(
  config: SourceConfig,
  { builtinRules, grace }: Pick<CorrelatorConfig, 'builtinRules' | 'grace'>,
): Promise<PolicySource<CorrelatorPolicies>> {
  const schemas = { ruleKinds: ruleKindRegistry };
  const pack = builtinRules ? await loadRulePack(schemas) : [];
  return openPolicySource(config, {
    kinds: ['CorrelationRule', 'Silence'],
    schemas,
    // Named together, so that what the user's rules say of one another and of the pack is told with their other mistakes.
    read: { knownRules: pack.map(({ metadata }) => metadata.name) },
    alsoWatched: builtinRules ? [RULE_PACK] : [],
    interpret(own) {
      const rules = together(pack, own.rules);
      return { rules: compilePolicies(rules, grace), silences: silencesOf(own), documents: { rules, silences: own.silences } };
    },
  });
}

/** Compiles those that are enabled. Throws `ConfigErrors` when rules name what is not there. */
export function compilePolicies(rules: readonly CorrelationRule[], grace: number): RuleSet {
  const issues = checkRules(rules);
  if (issues.length > 0) throw new ConfigErrors(issues);
  return compileRules(rules.filter(({ spec }) => spec.enabled).map(definitionOf), ruleKindRegistry, grace);
}

/** The user's documents win over those of the pack with the same name. */
export function together(pack: readonly CorrelationRule[], own: readonly CorrelationRule[]): CorrelationRule[] {
  return [...new Map([...pack, ...own].map((rule) => [rule.metadata.name, rule])).values()];
}

function definitionOf({ metadata, spec }: CorrelationRule): RuleDefinition {
  const { description: _description, enabled: _enabled, tests: _tests, ...rest } = spec;
  return { name: metadata.name, ...rest };
}

/** A document's silence has begun with the beginning of time unless it says otherwise. */
export function silencesOf({ silences }: { silences: readonly SilenceDocument[] }): Silence[] {
  const BEGINNING = new Date(0).toISOString();
  return silences.map(({ metadata, spec }) => ({
    id: `document:${metadata.name}`,
    filter: spec.filter,
    starts_at: spec.startsAt === undefined ? BEGINNING : new Date(spec.startsAt).toISOString(),
    ends_at: new Date(spec.endsAt).toISOString(),
    author: spec.author,
    comment: spec.comment,
    created_at: BEGINNING,
  }));
}
