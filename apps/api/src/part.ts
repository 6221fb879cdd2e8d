import { openEvidence } from '@tocsin/evidence';
import type { AppPart } from '@tocsin/runtime';
import { ApiModule } from './api.module.js';
import { apiConfig, readProtection, type ApiConfig } from './config.js';
import { accessControl } from './http/access.js';
import { createApiMetrics } from './metrics.js';

export const apiPart: AppPart<ApiConfig> = {
  name: 'api',
  config: apiConfig,
  needsStore: true,
  async plan(config, common) {
    const access = accessControl(await readProtection(config, common.http.host));
    return async (runtime) => {
      const evidence = openEvidence(common.evidence, runtime.store, common.dataDir, () => runtime.clock.now());
      return { module: ApiModule.forRoot({ ...runtime, metrics: createApiMetrics(runtime.metrics), access, evidence }) };
    };
  },
};
