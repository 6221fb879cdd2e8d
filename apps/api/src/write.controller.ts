import { Body, Controller, Delete, Get, Header, Headers, HttpCode, Inject, Param, Post, Query, Req, UseGuards } from '@nestjs/common';
import type { IncidentCommandType, Silence } from '@tocsin/domain';
import { readCommand, say, type SayDeps } from './commands/say.js';
import { answer, notFound } from './http/answer.js';
import type { PageBody } from './http/pages.js';
import { AccessGuard, type WithActor } from './read.controller.js';
import { COMMAND_TYPES, type CommandBody } from './resources/command.js';
import { endSilence, makeSilence, readSilence, readSilences } from './silences/silences.js';

export const WRITER = Symbol('writer');

/** Everything that changes something stands here, behind the guard. */
@Controller('v1')
@UseGuards(AccessGuard)
export class WriteController {
  readonly #deps: SayDeps;

  constructor(@Inject(WRITER) deps: SayDeps) {
    this.#deps = deps;
  }

  @Post('incidents/:id/:command')
  @HttpCode(202)
  @Header('cache-control', 'no-store')
  command(
    @Param('id') incident: string,
    @Param('command') command: string,
    @Query() query: unknown,
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: WithActor,
  ): Promise<CommandBody> {
    return answer(() => {
      const type = COMMAND_TYPES.find((known) => known === command) as IncidentCommandType | undefined;
      if (type === undefined) throw notFound('command');
      return say({ incident, type, query, body, contentType, key, actor: request.actor }, this.#deps);
    });
  }

  @Get('commands/:id')
  @Header('cache-control', 'no-store')
  outcome(@Param('id') id: string, @Query() query: unknown): Promise<CommandBody> {
    return answer(() => readCommand(this.#deps, id, query));
  }

  @Get('silences')
  @Header('cache-control', 'no-store')
  silences(@Query() query: unknown): Promise<PageBody<Silence>> {
    return answer(() => readSilences(this.#deps, query));
  }

  @Get('silences/:id')
  @Header('cache-control', 'no-store')
  silence(@Param('id') id: string, @Query() query: unknown): Promise<Silence> {
    return answer(() => readSilence(this.#deps, id, query));
  }

  @Post('silences')
  @HttpCode(201)
  @Header('cache-control', 'no-store')
  makeSilence(
    @Query() query: unknown,
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
    @Req() request: WithActor,
  ): Promise<Silence> {
    return answer(() => makeSilence(this.#deps, contentType, body, query, request.actor));
  }

  @Delete('silences/:id')
  @Header('cache-control', 'no-store')
  endSilence(@Param('id') id: string, @Query() query: unknown): Promise<Silence> {
    return answer(() => endSilence(this.#deps, id, query));
  }
}
