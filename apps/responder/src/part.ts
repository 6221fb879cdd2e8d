import { isDeepStrictEqual } from 'node:util';
import { contentOf, loadPolicies, watchPolicies, type ResponsePolicy } from '@tocsin/policy';
import { followPolicies, type AppPart } from '@tocsin/runtime';
import { responderConfig, type ResponderConfig } from './config.js';
import { createResponderMetrics } from './metrics.js';
import { compilePolicies } from './pipeline/plan-actions.js';
import { Responder } from './pipeline/respond.js';
import { ResponderModule } from './responder.module.js';

export const responderPart: AppPart<ResponderConfig> = {
  name: 'responder',
  config: responderConfig,
  needsStore: false,
  async plan(_config, { policyDir }) {
    const load = async (): Promise<ResponsePolicy[]> => (await loadPolicies(policyDir, {})).responses;
    const seen = await contentOf(policyDir);
    let documents = await load();
    return async ({ log, logger, metrics, clock }) => {
      const responder = new Responder(compilePolicies(documents), { log, logger, metrics: createResponderMetrics(metrics), now: () => clock.now() });
      let following: { stop(): Promise<void> } | undefined;
      return {
        module: ResponderModule.forRoot(responder),
        async start() {
          logger.info({ policies: namesOf(documents) }, 'Response policies are in force; they are observed only.');
          following = await followPolicies<ResponsePolicy[]>({
            app: 'responder',
            logger,
            metrics,
            watch: (listener) => watchPolicies(policyDir, seen, { load, ...listener }),
            async apply(next) {
              if (isDeepStrictEqual(essence(next), essence(documents))) return undefined;
              responder.follow(compilePolicies(next));
              documents = next;
              return { policies: namesOf(documents) };
            },
          });
        },
        stop: async () => following?.stop(),
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
