import type { AppPart } from '@tocsin/runtime';
import { responderConfig, type ResponderConfig } from './config.js';
import { createResponderMetrics } from './metrics.js';
import { ResponderModule } from './responder.module.js';

export const responderPart: AppPart<ResponderConfig> = {
  name: 'responder',
  config: responderConfig,
  needsStore: false,
  plan: async () => async (runtime) => ({
    module: ResponderModule.forRoot({ log: runtime.log, metrics: createResponderMetrics(runtime.metrics), now: () => runtime.clock.now() }),
  }),
};
