import { Topic } from '@tocsin/event-log';
import { documentInForce, type HitsOf } from '@tocsin/policy';
import { followPolicies, type AppPart } from '@tocsin/runtime';
import { putPolicies, sumRuleHits } from '@tocsin/store';
import { correlatorConfig, type CorrelatorConfig } from './config.js';
import { CorrelatorModule } from './correlator.module.js';
import { createCorrelatorMetrics } from './metrics.js';
import { MemoryBudget } from './pipeline/bounds.js';
import { Correlator } from './pipeline/correlator.js';
import { Mutings } from './pipeline/muting.js';
import { CORRELATOR_GROUPS, type CorrelatorTopic } from './pipeline/partition.js';
import { Retention } from './pipeline/retention/retention.js';
import { openCorrelatorPolicies, type CorrelatorPolicies } from './policies.js';

const MEBIBYTE = 1024 * 1024;

export const correlatorPart: AppPart<CorrelatorConfig> = {
  name: 'correlator',
  config: correlatorConfig,
  needsStore: true,
  async plan(config, common) {
    const source = await openCorrelatorPolicies(common, config);
    return async (runtime) => {
      const { metrics: registry, logger } = runtime;
      let policies = await source.first(logger);
      const metrics = createCorrelatorMetrics(registry);
      const correlator = new Correlator({
        ...runtime,
        metrics,
        rules: () => policies.rules,
        documentSilences: () => policies.silences,
        mutings: new Mutings(),
        bounds: {
          maxGroupsPerRule: config.maxGroupsPerRule,
          newGroupsPerMinute: config.newGroupsPerMinute,
          memory: new MemoryBudget(config.stateBudgetMb * MEBIBYTE),
        },
        rememberIds: config.rememberIds,
        grace: config.grace,
        now: () => runtime.clock.now(),
      });
      const retention = new Retention({
        store: runtime.store,
        days: config.retentionDays,
        now: () => runtime.clock.now(),
        // That partition has one owner at a time, so what is everybody's falls to it.
        ours: () => correlator.owns(Topic.Violations, 0),
        onPruned: (what, rows) => metrics.pruned.inc({ what }, rows),
        onFailed: (error) => logger.warn({ err: error }, 'What is past its time could not be deleted, will retry.'),
      });
      /** For the API, which runs elsewhere. */
      const tell = async ({ documents: { rules, silences } }: CorrelatorPolicies): Promise<void> => {
        const now = new Date(runtime.clock.now()).toISOString();
        for (const [kind, documents] of [['CorrelationRule', rules] as const, ['Silence', silences] as const]) {
          await putPolicies(
            runtime.store.db,
            kind,
            documents.map((document) => documentInForce(document, now)),
          );
        }
      };
      const hitsOf: HitsOf = {
        kind: 'CorrelationRule',
        read: async () =>
          new Map((await sumRuleHits(runtime.store.db)).map(({ rule, matches, lastMatchAt }) => [rule, { count: matches, last: lastMatchAt }])),
      };
      let following: { stop(): Promise<void> } | undefined;
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
          await correlator.start();
          await tell(policies);
          retention.start();
          following = await followPolicies<CorrelatorPolicies>({
            app: 'correlator',
            logger,
            metrics: registry,
            watch: (listener) => source.watch(listener, hitsOf),
            apply: async (loaded) => {
              policies = loaded;
              await tell(loaded);
              return { rules: loaded.rules.byName.size };
            },
          });
          logger.info({ rules: policies.rules.byName.size }, 'Correlation rules are in force.');
        },
        stop: async () => {
          await following?.stop();
          await retention.stop();
          await correlator.stop();
        },
      };
    };
  },
};
