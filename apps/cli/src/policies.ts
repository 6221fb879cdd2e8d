import { stat } from 'node:fs/promises';
import { together, RULE_PACK, ruleKindRegistry } from '@tocsin/correlator/policies';
import { ConfigErrors, type ConfigIssue } from '@tocsin/extension';
import { channelRegistry } from '@tocsin/notifier/policies';
import { mappingSchema } from '@tocsin/ingest/policies';
import { checkRules, loadPolicies, type CorrelationRule, type PolicySchemas, type PolicySet } from '@tocsin/policy';
import { UsageError } from './command.js';

/** What all services know of documents. */
export const SCHEMAS: PolicySchemas = { ruleKinds: ruleKindRegistry, channels: channelRegistry, mapping: mappingSchema };

export interface LoadedPolicies {
  set: PolicySet;
  /** Those of the set and those that come with Tocsin, also disabled ones. */
  rules: CorrelationRule[];
}

/** Reads the documents below the paths as a running Tocsin would. Throws `ConfigErrors` with all their mistakes. */
export async function readPolicies(paths: readonly string[], withPack: boolean): Promise<LoadedPolicies> {
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) throw new UsageError(`"${path}" does not exist`);
  }
  const set = await loadPolicies(paths, SCHEMAS);
  const pack = withPack ? (await loadPolicies(RULE_PACK, { ruleKinds: ruleKindRegistry })).rules : [];
  const rules = together(pack, set.rules);
  const issues: ConfigIssue[] = checkRules(rules);
  if (issues.length > 0) throw new ConfigErrors(issues);
  return { set, rules };
}
