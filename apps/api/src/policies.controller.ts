import { Controller, Get, Header, Inject, Param, Query, UseGuards } from '@nestjs/common';
import type { Store } from '@tocsin/store';
import { answer } from './http/answer.js';
import { readPolicies, readPolicy, readRules } from './policies/policies.js';
import { AccessGuard, STORE } from './read.controller.js';
import type { PolicyBody, PolicyDocumentBody, RuleBody } from './resources/policy.js';

/** What services have in force, and what it came to; behind the guard. */
@Controller('v1')
@UseGuards(AccessGuard)
export class PoliciesController {
  readonly #store: Store;

  constructor(@Inject(STORE) store: Store) {
    this.#store = store;
  }

  @Get('policies')
  @Header('cache-control', 'no-store')
  policies(@Query() query: unknown): Promise<{ items: PolicyBody[] }> {
    return answer(() => readPolicies(this.#store, query));
  }

  @Get('policies/:kind/:name')
  @Header('cache-control', 'no-store')
  policy(@Param('kind') kind: string, @Param('name') name: string, @Query() query: unknown): Promise<PolicyDocumentBody> {
    return answer(() => readPolicy(this.#store, kind, name, query));
  }

  @Get('rules')
  @Header('cache-control', 'no-store')
  rules(@Query() query: unknown): Promise<{ items: RuleBody[] }> {
    return answer(() => readRules(this.#store, query));
  }
}
