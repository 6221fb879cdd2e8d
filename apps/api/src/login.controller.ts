import { Body, Controller, Delete, Get, Header, Headers, HttpCode, Inject, Param, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { beginSession, leave, makeApiToken, readTokens, revoke, whoAsks, type LoginsDeps } from './access/login.js';
import type { AccessHeaders } from './http/access.js';
import { answer } from './http/answer.js';
import type { PageBody } from './http/pages.js';
import { AccessGuard, type WithActor } from './read.controller.js';
import type { ApiTokenBody, SessionBody } from './resources/login.js';

export const LOGIN = Symbol('login');

/** Open to everyone: who logs in is not known yet. */
@Controller('v1/session')
export class SessionController {
  readonly #deps: LoginsDeps;

  constructor(@Inject(LOGIN) deps: LoginsDeps) {
    this.#deps = deps;
  }

  @Get()
  @Header('cache-control', 'no-store')
  who(@Query() query: unknown, @Headers() headers: AccessHeaders): Promise<SessionBody> {
    return answer(() => whoAsks(headers, query, this.#deps));
  }

  @Post()
  @HttpCode(201)
  @Header('cache-control', 'no-store')
  async login(
    @Query() query: unknown,
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionBody> {
    const { cookie, shown } = await answer(() => beginSession({ contentType, body, query }, this.#deps));
    void reply.header('set-cookie', cookie);
    return shown;
  }

  @Delete()
  @Header('cache-control', 'no-store')
  async logout(@Query() query: unknown, @Headers() headers: AccessHeaders, @Res({ passthrough: true }) reply: FastifyReply): Promise<SessionBody> {
    const { cookie, shown } = await answer(() => leave(headers, query, this.#deps));
    void reply.header('set-cookie', cookie);
    return shown;
  }
}

/** Tokens of the API, for admins. */
@Controller('v1/tokens')
@UseGuards(AccessGuard)
export class TokensController {
  readonly #deps: LoginsDeps;

  constructor(@Inject(LOGIN) deps: LoginsDeps) {
    this.#deps = deps;
  }

  @Get()
  @Header('cache-control', 'no-store')
  list(@Query() query: unknown): Promise<PageBody<ApiTokenBody>> {
    return answer(() => readTokens(query, this.#deps));
  }

  @Post()
  @HttpCode(201)
  @Header('cache-control', 'no-store')
  make(
    @Query() query: unknown,
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
    @Req() { principal }: WithActor,
  ): Promise<ApiTokenBody & { token: string }> {
    return answer(() => makeApiToken({ contentType, body, query, principal }, this.#deps));
  }

  @Delete(':id')
  @Header('cache-control', 'no-store')
  revoke(@Param('id') id: string, @Query() query: unknown, @Req() { actor }: WithActor): Promise<ApiTokenBody> {
    return answer(() => revoke(id, query, actor, this.#deps));
  }
}
