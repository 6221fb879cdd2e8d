import { Module, type DynamicModule } from '@nestjs/common';
import { CasesController } from './cases.controller.js';
import { CONSOLE, ConsoleController } from './console/console.controller.js';
import { consoleFiles } from './console/files.js';
import { rateLimit } from './access/rate-limit.js';
import type { LoginDeps } from './access/logins.js';
import { SESSION_LIMITS } from './access/sessions.js';
import { LOGIN, SessionController, TokensController } from './login.controller.js';
import type { LoginsDeps } from './access/login.js';
import { EventsController, LIVE } from './events.controller.js';
import { LiveHub } from './live/hub.js';
import type { LiveDeps } from './live/live.js';
import { ROUTES } from './http/routes/index.js';
import type { Access } from './http/access.js';
import type { GateDeps } from './http/gate.js';
import { OpenApiController } from './openapi.controller.js';
import { PoliciesController } from './policies.controller.js';
import type { ProjectorDeps } from './pipeline/projector.js';
import { PROJECTOR_DEPS, ProjectorController } from './projector.controller.js';
import { GATE, ReadController, STORE } from './read.controller.js';
import type { Evidence } from '@tocsin/evidence';
import { RESPONSE, ResponseController } from './response.controller.js';
import type { ResponseDeps } from './response/response.js';
import { SubscriptionsController } from './subscriptions.controller.js';
import { WRITER, WriteController } from './write.controller.js';
import type { SayDeps } from './commands/say.js';

export interface ApiDeps extends ProjectorDeps {
  access: Access;
  /** How sessions of browsers are made. Default: as without TLS and without a configured token. */
  login?: Omit<LoginDeps, 'oidc'>;
  /** Requests of one principal. Default 1200. */
  perMinute?: number;
  /** Whether tokens of services may approve. Default no. */
  servicesApprove?: boolean;
  evidence: Evidence;
}

@Module({})
export class ApiModule {
  static forRoot(deps: ApiDeps): DynamicModule {
    const writer: SayDeps = { store: deps.store, log: deps.log, now: () => deps.clock.now() };
    const { now } = writer;
    const { access, store, servicesApprove = false } = deps;
    const gate: GateDeps = { access, rate: rateLimit(deps.perMinute ?? 1200, now), store, now, servicesApprove };
    const { sessions, secure } = deps.login ?? { sessions: { store, now, limits: SESSION_LIMITS, bootstrap: undefined }, secure: false };
    const login: LoginsDeps = { access, sessions, secure, operations: ROUTES.map(({ operationId }) => operationId) };
    const live: LiveDeps = { hub: new LiveHub(deps.log), access, reading: [] };
    const response: ResponseDeps = { ...writer, evidence: deps.evidence };
    return {
      module: ApiModule,
      controllers: [
        ConsoleController,
        OpenApiController,
        ReadController,
        WriteController,
        ResponseController,
        SubscriptionsController,
        CasesController,
        PoliciesController,
        EventsController,
        SessionController,
        TokensController,
        ProjectorController,
      ],
      providers: [
        { provide: CONSOLE, useValue: consoleFiles() },
        { provide: GATE, useValue: gate },
        { provide: LOGIN, useValue: login },
        { provide: STORE, useValue: deps.store },
        { provide: PROJECTOR_DEPS, useValue: deps },
        { provide: LIVE, useValue: live },
        { provide: WRITER, useValue: writer },
        { provide: RESPONSE, useValue: response },
      ],
    };
  }
}
