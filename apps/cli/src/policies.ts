import { stat } from 'node:fs/promises';
import { together, ruleKindRegistry } from '@tocsin/correlator/policies';
import { ConfigErrors, type ConfigIssue } from '@tocsin/extension';
import { channelRegistry, formatRegistry } from '@tocsin/notifier/policies';
import { mappingSchema } from '@tocsin/ingest/policies';
import { actionRegistry } from '@tocsin/responder/policies';
import { checkRules, loadPolicies, loadRulePack, type CorrelationRule, type Decode, type PolicySchemas, type PolicySet } from '@tocsin/policy';
import { UsageError } from './command.js';
import { NO_CONFIG, type PolicyConfig } from './config.js';
import { openStoryDecoder } from './decode.js';
import { casesOf, type Case } from './stories/cases.js';
import { checkStories } from './stories/check-stories.js';

/** What all services know of documents. */
export const SCHEMAS: PolicySchemas = {
  ruleKinds: ruleKindRegistry,
  actions: actionRegistry,
  channels: channelRegistry,
  formats: formatRegistry,
  mapping: mappingSchema,
};

export interface LoadedPolicies {
  set: PolicySet;
  /** Those of the set and those that come with Tocsin, also disabled ones. */
  rules: CorrelationRule[];
  cases: Case[];
  /** Reads what sensors send in the tests. */
  decode: Decode;
}

export interface ReadPolicies {
  paths: readonly string[];
  withPack: boolean;
  config?: PolicyConfig;
}

/** Reads the documents below the paths as a running Tocsin would, and their tests. Throws `ConfigErrors` with all their mistakes. */
export async function readPolicies({ paths, withPack, config = NO_CONFIG }: ReadPolicies): Promise<LoadedPolicies> {
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) throw new UsageError(`"${path}" does not exist`);
  }
  const pack = withPack ? await loadRulePack({ ruleKinds: ruleKindRegistry }) : [];
  const knownRules = pack.map(({ metadata }) => metadata.name);
  const set = await loadPolicies(paths, SCHEMAS, { knownRules }).catch((error: unknown) => {
    throw error instanceof ConfigErrors ? new ConfigErrors([...error.issues, ...config.check([])]) : error;
  });
  const rules = together(pack, set.rules);
  const issues: ConfigIssue[] = [...checkRules(rules), ...config.check(set.mappings)];
  if (issues.length > 0) throw new ConfigErrors(issues);
  const cases = casesOf(set, rules);
  const decode = await openStoryDecoder(set);
  issues.push(...checkStories(cases, decode));
  if (issues.length > 0) throw new ConfigErrors(issues);
  return { set, rules, cases, decode };
}
