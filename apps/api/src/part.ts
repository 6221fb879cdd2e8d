import { openEvidence } from '@tocsin/evidence';
import { isLoopback, type AppPart } from '@tocsin/runtime';
import { loginsOf } from './access/logins.js';
import { oidcLogins } from './access/oidc.js';
import { SESSION_LIMITS, type SessionDeps } from './access/sessions.js';
import { hashOf } from './access/tokens.js';
import { ApiModule } from './api.module.js';
import { apiConfig, readProtection, type ApiConfig } from './config.js';
import { accessControl } from './http/access.js';
import { createApiMetrics } from './metrics.js';

export const apiPart: AppPart<ApiConfig> = {
  name: 'api',
  config: apiConfig,
  needsStore: true,
  async plan(config, common) {
    const protection = await readProtection(config, common.http.host);
    const { oidc, servicesApprove } = config.authentication;
    return async (runtime) => {
      const now = (): number => runtime.clock.now();
      const evidence = openEvidence(common.evidence, runtime.store, common.dataDir, now);
      const sessions: SessionDeps = {
        store: runtime.store,
        now,
        limits: SESSION_LIMITS,
        bootstrap: protection.by === 'token' && protection.token !== undefined ? `bootstrap:${hashOf(protection.token)}` : undefined,
      };
      const login = {
        sessions,
        // Behind a proxy that speaks TLS, Tocsin itself may listen on loopback.
        secure: common.publicUrl?.startsWith('https://') ?? !isLoopback(common.http.host),
      };
      const logins = loginsOf({ ...login, ...(oidc !== undefined && { oidc: oidcLogins(oidc, now) }) });
      const access = accessControl(protection, logins);
      const metrics = createApiMetrics(runtime.metrics);
      const { requestsPerMinute: perMinute } = config;
      return { module: ApiModule.forRoot({ ...runtime, metrics, access, evidence, login, perMinute, servicesApprove }) };
    };
  },
};
