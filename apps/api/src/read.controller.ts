import { Controller, Get, Header, Inject, Param, Query } from '@nestjs/common';
import type { Incident, Violation } from '@tocsin/domain';
import type { Store } from '@tocsin/store';
import { answer } from './http/answer.js';
import { openApiDocument } from './http/openapi.js';
import type { PageBody } from './http/pages.js';
import { readDeadLetterById, readDeadLetters, readIncident, readIncidents, readViolation, readViolations, type IncidentBody } from './http/read.js';
import type { DeadLetter, DeadLetterSummary } from './resources/dead-letter.js';

export const STORE = Symbol('store');

@Controller('v1')
export class ReadController {
  readonly #store: Store;

  constructor(@Inject(STORE) store: Store) {
    this.#store = store;
  }

  @Get('openapi.json')
  openApi(): object {
    return openApiDocument();
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
