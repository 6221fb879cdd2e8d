import { readFile } from 'node:fs/promises';
import { buildRegistry } from '@tocsin/extension';
import { loadPolicies, parsePolicies, type CorrelationRule } from '@tocsin/policy';
import type { AppPart } from '@tocsin/runtime';
import { correlatorConfig, type CorrelatorConfig } from './config.js';
import { CorrelatorModule } from './correlator.module.js';
import { createCorrelatorMetrics } from './metrics.js';
import { Correlator } from './pipeline/correlator.js';
import { CORRELATOR_GROUPS, type CorrelatorTopic } from './pipeline/partition.js';
import { compileRule } from './pipeline/rule.js';
import { RuleIndex } from './pipeline/rule-index.js';
import { ruleKinds } from './rules/index.js';

const BUILTIN_RULES = new URL('../builtin-rules.yaml', import.meta.url);

export const correlatorPart: AppPart<CorrelatorConfig> = {
  name: 'correlator',
  config: correlatorConfig,
  needsStore: true,
  async plan(config, common) {
    const kinds = buildRegistry('rule kind', ruleKinds);
    const builtin = config.builtinRules ? parsePolicies(await readFile(BUILTIN_RULES, 'utf8'), 'builtin-rules.yaml', { ruleKinds: kinds }).rules : [];
    const own = (await loadPolicies(common.policyDir, { ruleKinds: kinds })).rules;
    const rules = inForce(builtin, own).map((rule) => compileRule({ name: rule.metadata.name, ...rule.spec }, kinds));
    return async (runtime) => {
      const correlator = new Correlator({
        ...runtime,
        metrics: createCorrelatorMetrics(runtime.metrics),
        rules: new Map(rules.map((rule) => [rule.name, rule])),
        index: new RuleIndex(rules),
        rememberIds: config.rememberIds,
        maxGroupsPerRule: config.maxGroupsPerRule,
        now: () => runtime.clock.now(),
      });
      return {
        module: CorrelatorModule.forRoot(correlator),
        lifecycle: Object.fromEntries(
          (Object.keys(CORRELATOR_GROUPS) as CorrelatorTopic[]).map((topic) => [
            CORRELATOR_GROUPS[topic],
            {
              onAssigned: (partition: number) => correlator.assigned(topic, partition),
              onRevoked: (partition: number) => correlator.revoked(topic, partition),
            },
          ]),
        ),
        start: async () => {
          correlator.start();
          runtime.logger.info({ rules: rules.length }, 'Correlation rules are in force.');
        },
        stop: async () => correlator.stop(),
      };
    };
  },
};

/** The user's documents win over built-in ones of the same name; disabled ones are left out after that. */
function inForce(builtin: readonly CorrelationRule[], own: readonly CorrelationRule[]): CorrelationRule[] {
  const byName = new Map([...builtin, ...own].map((rule) => [rule.metadata.name, rule]));
  return [...byName.values()].filter((rule) => rule.spec.enabled);
}
