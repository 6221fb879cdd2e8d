import { Body, Controller, Get, Header, Headers, HttpCode, Inject, Param, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import type { Action, Artefact } from '@tocsin/domain';
import type { ResponseControl } from '@tocsin/store';
import type { FastifyReply } from 'fastify';
import { answer, notFound } from './http/answer.js';
import type { PageBody } from './http/pages.js';
import { AccessGuard, type WithActor } from './read.controller.js';
import { ACTION_COMMANDS } from './resources/action.js';
import type { CommandBody } from './resources/command.js';
import {
  checkAudit,
  download,
  hold,
  readAction,
  readActions,
  readArtefact,
  readArtefacts,
  readAudit,
  readSwitch,
  sayAction,
  setSwitch,
  type ResponseDeps,
} from './response/response.js';

export const RESPONSE = Symbol('response');

/** Actions, the kill switch, evidence and the audit, behind the guard. */
@Controller('v1')
@UseGuards(AccessGuard)
export class ResponseController {
  readonly #deps: ResponseDeps;

  constructor(@Inject(RESPONSE) deps: ResponseDeps) {
    this.#deps = deps;
  }

  @Get('actions')
  @Header('cache-control', 'no-store')
  actions(@Query() query: unknown): Promise<PageBody<Action>> {
    return answer(() => readActions(this.#deps, query));
  }

  @Get('actions/:id')
  @Header('cache-control', 'no-store')
  action(@Param('id') id: string, @Query() query: unknown): Promise<Action> {
    return answer(() => readAction(this.#deps, id, query));
  }

  @Post('actions/:id/:command')
  @HttpCode(202)
  @Header('cache-control', 'no-store')
  command(
    @Param('id') id: string,
    @Param('command') command: string,
    @Query() query: unknown,
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
    @Headers('idempotency-key') key: string | undefined,
    @Req() { actor, principal }: WithActor,
  ): Promise<CommandBody> {
    return answer(() => {
      const type = ACTION_COMMANDS.find((known) => known === command);
      if (type === undefined) throw notFound('command');
      return sayAction(id, type, key, { contentType, body, query, actor, teams: principal.teams }, this.#deps);
    });
  }

  @Get('response')
  @Header('cache-control', 'no-store')
  control(@Query() query: unknown): Promise<ResponseControl> {
    return answer(() => readSwitch(this.#deps, query));
  }

  @Post('response/:what')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  switch(
    @Param('what') what: string,
    @Query() query: unknown,
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
    @Req() { actor }: WithActor,
  ): Promise<ResponseControl> {
    return answer(() => {
      if (what !== 'stop' && what !== 'resume') throw notFound('command');
      return setSwitch(what === 'stop', { contentType, body, query, actor }, this.#deps);
    });
  }

  @Get('evidence')
  @Header('cache-control', 'no-store')
  artefacts(@Query() query: unknown): Promise<{ items: Artefact[] }> {
    return answer(() => readArtefacts(this.#deps, query));
  }

  @Get('evidence/:id')
  @Header('cache-control', 'no-store')
  artefact(@Param('id') id: string, @Query() query: unknown): Promise<Artefact> {
    return answer(() => readArtefact(this.#deps, id, query));
  }

  @Get('evidence/:id/content')
  async content(@Param('id') id: string, @Query() query: unknown, @Req() { actor }: WithActor, @Res() reply: FastifyReply): Promise<void> {
    const { artefact, bytes } = await answer(() => download(this.#deps, id, { contentType: undefined, body: undefined, query, actor }));
    void reply
      .header('cache-control', 'no-store')
      .header('content-type', artefact.media_type)
      // Bytes that an attacker had in hands are saved, and never shown as a page of ours.
      .header('content-disposition', `attachment; filename="${artefact.id}-${artefact.name.replace(/[^\w.-]/g, '_')}"`)
      .header('x-content-type-options', 'nosniff')
      .send(bytes);
  }

  @Post('evidence/:id/:what')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  hold(
    @Param('id') id: string,
    @Param('what') what: string,
    @Query() query: unknown,
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
    @Req() { actor }: WithActor,
  ): Promise<Artefact> {
    return answer(() => {
      if (what !== 'hold' && what !== 'release') throw notFound('command');
      return hold(id, what === 'hold', { contentType, body, query, actor }, this.#deps);
    });
  }

  @Get('audit')
  @Header('cache-control', 'no-store')
  audit(@Query() query: unknown): Promise<{ items: unknown[] }> {
    return answer(() => readAudit(this.#deps, query));
  }

  @Get('audit/verify')
  @Header('cache-control', 'no-store')
  verify(@Query() query: unknown): Promise<object> {
    return answer(() => checkAudit(this.#deps, query));
  }
}
