import { openEmbeddedLog, topicSpecs, type EventLog } from '@tocsin/event-log';
import { openEvidence } from '@tocsin/evidence';
import { Health, createLogger, createMetrics } from '@tocsin/runtime';
import { createHttp } from '@tocsin/runtime/nest';
import { migrate, openStore, type Store } from '@tocsin/store';
import { ApiModule } from '../api.module.js';
import { accessControl, type Protection } from '../http/access.js';
import { createApiMetrics } from '../metrics.js';
import { loginsOf } from './logins.js';
import type { Principal } from './principal.js';
import { SESSION_LIMITS } from './sessions.js';
import { hashOf } from './tokens.js';

export const NOW = Date.parse('2026-09-14T14:05:00.000Z');

export interface ApiUnderTest {
  store: Store;
  /** Turn it forward. */
  clock: { ms: number };
  send(method: string, url: string, options?: { token?: string; headers?: Record<string, string>; body?: unknown }): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: Record<string, unknown>;
}

export interface ApiTestOptions {
  protection: Protection;
  oidc?: (now: () => number) => (given: string) => Promise<Principal | undefined>;
  secure?: boolean;
  perMinute?: number;
  servicesApprove?: boolean;
}

interface Built {
  app: Awaited<ReturnType<typeof createHttp>>;
  store: Store;
  clock: { ms: number };
}

export interface ServedApi {
  url: string;
  close(): Promise<void>;
}

/** One that listens, on a log that is the caller's. */
export async function openServedApi({ log, ...options }: ApiTestOptions & { log: EventLog }): Promise<ServedApi> {
  const { app, store } = await build(options, log);
  await app.listen(0, '127.0.0.1');
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await app.close();
    await store.close();
  };
  return { url: await app.getUrl(), close: () => (closing ??= close()) };
}

/** The API on an empty store, for its tests. */
export async function openApi(options: ApiTestOptions): Promise<ApiUnderTest> {
  const log = await openEmbeddedLog({ file: ':memory:' });
  await log.ensureTopics(topicSpecs(1));
  const { app, store, clock } = await build(options, log);
  await app.init();
  return {
    store,
    clock,
    async send(method, url, { token, headers = {}, body } = {}) {
      const response = await app.inject({
        method: method as 'GET',
        url,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { payload: JSON.stringify(body) }),
      });
      const json = response.body !== '' && String(response.headers['content-type'] ?? '').includes('json');
      return { status: response.statusCode, headers: response.headers, body: json ? response.json<Record<string, unknown>>() : {} };
    },
    async close() {
      await app.close();
      await store.close();
      await log.close();
    },
  };
}

async function build({ protection, oidc, secure = false, ...more }: ApiTestOptions, log: EventLog): Promise<Built> {
  const store = await openStore({ file: ':memory:' });
  await migrate(store);
  const clock = { ms: NOW };
  const now = (): number => clock.ms;
  const bootstrap = protection.by === 'token' && protection.token !== undefined ? `bootstrap:${hashOf(protection.token)}` : undefined;
  const login = { sessions: { store, now, limits: SESSION_LIMITS, bootstrap }, secure };
  const registry = createMetrics('test', '0');
  const logger = createLogger('test', 'silent');
  const module = ApiModule.forRoot({
    store,
    log,
    logger,
    clock: { now },
    metrics: createApiMetrics(registry),
    access: accessControl(protection, loginsOf({ ...login, ...(oidc !== undefined && { oidc: oidc(now) }) })),
    evidence: openEvidence({ type: 'directory', path: '/nowhere', retentionDays: 1 }, store, '/nowhere', now),
    login,
    ...more,
  });
  const app = await createHttp({ modules: [module], health: new Health({ log, store }), metrics: registry, logger, maxBodyBytes: 65_536 });
  return { app, store, clock };
}
