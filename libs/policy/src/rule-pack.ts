import type { PolicySchemas } from './kinds/document-kind.js';
import type { CorrelationRule } from './kinds/correlation-rule.js';
import { loadPolicies } from './policies.js';
import { RULE_PACK } from './policy-files.js';

/** The rules that come with Tocsin. Throws when there are none: an installation without them would find little, and say nothing. */
export async function loadRulePack(schemas: PolicySchemas, directory: string = RULE_PACK): Promise<CorrelationRule[]> {
  const { rules } = await loadPolicies(directory, schemas);
  if (rules.length === 0) {
    throw new Error(`The built-in rules are not at ${directory}: the installation is incomplete. Put policies/rules of this version there.`);
  }
  return rules;
}
