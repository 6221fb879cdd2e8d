import { Controller, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { Problem } from '@tocsin/runtime/nest';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Reply } from './channels/channel.js';
import { callback, type CallbackDeps } from './pipeline/callbacks.js';

export const CALLBACKS = Symbol('callbacks');

/** Where receivers say things back. Each channel finds out by itself who says it: there is no login before it. */
@Controller('v1/callbacks')
export class NotifierController {
  readonly #deps: CallbackDeps;

  constructor(@Inject(CALLBACKS) deps: CallbackDeps) {
    this.#deps = deps;
  }

  @Post(':subscription')
  async callback(
    @Param('subscription') subscription: string,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { status, mediaType, body } = await this.#answer(subscription, {
      headers: firstOfEach(request.headers),
      query: firstOfEach(query),
      body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    });
    await reply
      .status(status)
      .header('cache-control', 'no-store')
      .type(mediaType ?? 'application/json')
      .send(body ?? '');
  }

  async #answer(...[subscription, request]: [string, Parameters<typeof callback>[1]]): Promise<Reply> {
    try {
      return await callback(subscription, request, this.#deps);
    } catch (cause) {
      if (cause instanceof Problem) throw cause;
      throw new Problem({ status: 503, detail: 'What was said could not be kept; say it again soon.' }, { 'retry-after': '5' });
    }
  }
}

function firstOfEach(values: unknown): Record<string, string | undefined> {
  if (values === null || typeof values !== 'object') return {};
  return Object.fromEntries(
    Object.entries(values).map(([name, value]: [string, unknown]) => {
      const first: unknown = Array.isArray(value) ? value[0] : value;
      return [name, typeof first === 'string' ? first : undefined];
    }),
  );
}
