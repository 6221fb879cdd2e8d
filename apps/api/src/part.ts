import type { AppPart } from '@tocsin/runtime';
import { ApiModule } from './api.module.js';
import { apiConfig, type ApiConfig } from './config.js';
import { createApiMetrics } from './metrics.js';

export const apiPart: AppPart<ApiConfig> = {
  name: 'api',
  config: apiConfig,
  needsStore: true,
  plan: async () => async (runtime) => ({
    module: ApiModule.forRoot({ ...runtime, metrics: createApiMetrics(runtime.metrics) }),
  }),
};
