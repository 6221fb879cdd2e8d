import { Body, Controller, Get, Header, Headers, HttpCode, Inject, Param, Post, Query, Req, UseGuards } from '@nestjs/common';
import { forget, readCase, readCases, retry, type CaseKey } from './cases/cases.js';
import type { SayDeps } from './commands/say.js';
import { answer } from './http/answer.js';
import type { PageBody } from './http/pages.js';
import { AccessGuard, type WithActor } from './read.controller.js';
import type { ListedCaseBody } from './resources/case.js';
import { WRITER } from './write.controller.js';

/** What incidents are in ticket systems, behind the guard. */
@Controller('v1/cases')
@UseGuards(AccessGuard)
export class CasesController {
  readonly #deps: SayDeps;

  constructor(@Inject(WRITER) deps: SayDeps) {
    this.#deps = deps;
  }

  @Get()
  @Header('cache-control', 'no-store')
  cases(@Query() query: unknown): Promise<PageBody<ListedCaseBody>> {
    return answer(() => readCases(this.#deps, query));
  }

  @Get(':subscription/:subject')
  @Header('cache-control', 'no-store')
  case(@Param() key: CaseKey, @Query() query: unknown): Promise<ListedCaseBody> {
    return answer(() => readCase(this.#deps, key, query));
  }

  @Post(':subscription/:subject/retry')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  retry(
    @Param() key: CaseKey,
    @Query() query: unknown,
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
    @Req() { actor }: WithActor,
  ): Promise<ListedCaseBody> {
    return answer(() => retry(key, { contentType, body, query, actor }, this.#deps));
  }

  @Post(':subscription/:subject/forget')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  forget(
    @Param() key: CaseKey,
    @Query() query: unknown,
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
    @Req() { actor }: WithActor,
  ): Promise<ListedCaseBody> {
    return answer(() => forget(key, { contentType, body, query, actor }, this.#deps));
  }
}
