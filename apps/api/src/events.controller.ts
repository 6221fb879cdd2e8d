import { Controller, Get, Inject, Query, Req, Res, UseGuards, type OnModuleDestroy } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answer } from './http/answer.js';
import { readEvents, type LiveDeps } from './live/live.js';
import { AccessGuard, type WithActor } from './read.controller.js';

export const LIVE = Symbol('live');

/** Changes as they happen; behind the guard. */
@Controller('v1')
@UseGuards(AccessGuard)
export class EventsController implements OnModuleDestroy {
  readonly #deps: LiveDeps;

  constructor(@Inject(LIVE) deps: LiveDeps) {
    this.#deps = deps;
  }

  @Get('events')
  async events(@Query() query: unknown, @Req() { principal, headers }: FastifyRequest & WithActor, @Res() reply: FastifyReply): Promise<void> {
    const stream = await answer(() => readEvents(this.#deps, query, { principal, headers }));
    await reply
      .header('content-type', 'text/event-stream; charset=utf-8')
      .header('cache-control', 'no-store')
      // Its end is that of the connection, or a stop would wait until the connection has idled out.
      .header('connection', 'close')
      // Some proxies would hold events back until they have many.
      .header('x-accel-buffering', 'no')
      .send(stream);
  }

  /** Before the server waits for its connections to end. */
  async onModuleDestroy(): Promise<void> {
    await this.#deps.hub.close();
  }
}
