import { Controller, Get, Header, Inject, Param, Query, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Incident, Violation } from '@tocsin/domain';
import type { Store } from '@tocsin/store';
import type { FastifyRequest } from 'fastify';
import type { Principal } from './access/principal.js';
import { answer } from './http/answer.js';
import { admit, type GateDeps } from './http/gate.js';
import type { PageBody } from './http/pages.js';
import {
  readDeadLetterById,
  readDeadLetters,
  readHistory,
  readIncident,
  readIncidents,
  readViolation,
  readViolations,
  type IncidentBody,
} from './http/read.js';
import type { DeadLetter, DeadLetterSummary } from './resources/dead-letter.js';
import type { HistoryBody } from './resources/incident.js';
import type { RoadBody } from './resources/road.js';
import { readRoad } from './road/road.js';

export const GATE = Symbol('gate');
export const STORE = Symbol('store');

/** A request that has passed the guard. */
export interface WithActor {
  /** Who asks. */
  actor: string;
  principal: Principal;
}

/** Every controller of data stands behind it: who asks is known, may do it, does not do it too often, and is on record with it. */
export class AccessGuard implements CanActivate {
  readonly #deps: GateDeps;

  constructor(@Inject(GATE) deps: GateDeps) {
    this.#deps = deps;
  }

  async canActivate(context: ExecutionContext): Promise<true> {
    const request = context.switchToHttp().getRequest<FastifyRequest & WithActor>();
    const { method, headers, routeOptions } = request;
    const params = request.params as Record<string, string>;
    const principal = await answer(() => admit({ method, pattern: routeOptions.url ?? '', params, headers }, this.#deps));
    request.principal = principal;
    request.actor = principal.actor;
    return true;
  }
}

/** Everything that shows data stands here, behind the guard. */
@Controller('v1')
@UseGuards(AccessGuard)
export class ReadController {
  readonly #store: Store;

  constructor(@Inject(STORE) store: Store) {
    this.#store = store;
  }

  @Get('violations')
  @Header('cache-control', 'no-store')
  violations(@Query() query: unknown): Promise<PageBody<Violation>> {
    return answer(() => readViolations(this.#store, query));
  }

  @Get('violations/:id')
  @Header('cache-control', 'no-store')
  violation(@Param('id') id: string, @Query() query: unknown): Promise<Violation> {
    return answer(() => readViolation(this.#store, id, query));
  }

  @Get('violations/:id/explain')
  @Header('cache-control', 'no-store')
  explain(@Param('id') id: string, @Query() query: unknown): Promise<RoadBody> {
    return answer(() => readRoad(this.#store, id, query));
  }

  @Get('incidents')
  @Header('cache-control', 'no-store')
  incidents(@Query() query: unknown): Promise<PageBody<Incident>> {
    return answer(() => readIncidents(this.#store, query));
  }

  @Get('incidents/:id')
  @Header('cache-control', 'no-store')
  incident(@Param('id') id: string, @Query() query: unknown): Promise<IncidentBody> {
    return answer(() => readIncident(this.#store, id, query));
  }

  @Get('incidents/:id/history')
  @Header('cache-control', 'no-store')
  history(@Param('id') id: string, @Query() query: unknown): Promise<PageBody<HistoryBody>> {
    return answer(() => readHistory(this.#store, id, query));
  }

  @Get('dead-letters')
  @Header('cache-control', 'no-store')
  deadLetters(@Query() query: unknown): Promise<PageBody<DeadLetterSummary>> {
    return answer(() => readDeadLetters(this.#store, query));
  }

  @Get('dead-letters/:id')
  @Header('cache-control', 'no-store')
  deadLetter(@Param('id') id: string, @Query() query: unknown): Promise<DeadLetter> {
    return answer(() => readDeadLetterById(this.#store, id, query));
  }
}
