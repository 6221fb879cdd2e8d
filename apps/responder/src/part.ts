import { isDeepStrictEqual } from 'node:util';
import { openEvidence } from '@tocsin/evidence';
import { documentInForce, openPolicySource, type HitsOf, type ResponsePolicy } from '@tocsin/policy';
import { followPolicies, type AppPart } from '@tocsin/runtime';
import { countPolicyActions, putPolicies } from '@tocsin/store';
import type { ActionDeps } from './actions/deps.js';
import { actionRegistry } from './actions/index.js';
import { responderConfig, type ResponderConfig } from './config.js';
import { openClusters } from './kubernetes/clusters.js';
import { kubernetesTargets } from './kubernetes/targets.js';
import { Neuvector } from './neuvector/neuvector.js';
import { createResponderMetrics } from './metrics.js';
import { compilePolicies } from './pipeline/plan-actions.js';
import { Responder } from './pipeline/respond.js';
import { ResponderModule } from './responder.module.js';
import { ResponseService } from './service.js';

export const responderPart: AppPart<ResponderConfig> = {
  name: 'responder',
  config: responderConfig,
  needsStore: true,
  async plan(config, common) {
    const clusters = openClusters(config.clusters);
    const source = await openPolicySource(common, {
      kinds: ['ResponsePolicy'],
      schemas: { actions: actionRegistry },
      interpret: ({ responses }) => responses,
    });
    return async ({ log, store, logger, metrics, clock }) => {
      let documents = await source.first(logger);
      const now = (): number => clock.now();
      const shared = { log, logger, metrics: createResponderMetrics(metrics), now, targets: kubernetesTargets(clusters) };
      const evidence = openEvidence(common.evidence, store, common.dataDir, now);
      const { image, ...bounds } = config.capture;
      const neuvector = new Map<string, Neuvector>();
      for (const { name, neuvector: one } of config.clusters) if (one !== undefined) neuvector.set(name, await Neuvector.open(one));
      const deps: ActionDeps = { clusters, evidence, neuvector, capture: image === undefined ? undefined : { image, ...bounds } };
      const service = new ResponseService({
        ...shared,
        config,
        store,
        deps,
        policies: () => responder.policies,
        pruneEvidence: (limit) => evidence.prune(limit),
      });
      const responder: Responder = new Responder(compilePolicies(documents), {
        ...shared,
        records: service.records,
        onChanged: () => service.changed(),
      });
      /** For the API, which runs elsewhere. */
      const tell = (found: readonly ResponsePolicy[]): Promise<void> => {
        const time = new Date(now()).toISOString();
        return putPolicies(
          store.db,
          'ResponsePolicy',
          found.map((document) => documentInForce(document, time)),
        );
      };
      const hitsOf: HitsOf = { kind: 'ResponsePolicy', read: () => countPolicyActions(store.db) };
      let following: { stop(): Promise<void> } | undefined;
      return {
        module: ResponderModule.forRoot(responder),
        async start() {
          service.start();
          await tell(documents);
          logger.info({ policies: namesOf(documents), clusters: clusters.names }, 'Response policies are in force.');
          following = await followPolicies<ResponsePolicy[]>({
            app: 'responder',
            logger,
            metrics,
            watch: (listener) => source.watch(listener, hitsOf),
            async apply(next) {
              const same = isDeepStrictEqual(essence(next), essence(documents));
              if (!same) responder.follow(compilePolicies(next));
              documents = next;
              await tell(next);
              return same ? undefined : { policies: namesOf(documents) };
            },
          });
        },
        stop: async () => {
          await following?.stop();
          await service.stop();
        },
      };
    };
  },
};

/** What planning depends on. */
function essence(documents: readonly ResponsePolicy[]): unknown {
  return documents.map(({ metadata, spec }) => [metadata.name, spec]);
}

function namesOf(documents: readonly ResponsePolicy[]): string[] {
  return documents.filter(({ spec }) => spec.enabled).map(({ metadata }) => metadata.name);
}
