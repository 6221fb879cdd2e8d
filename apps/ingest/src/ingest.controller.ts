import { Controller, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Intake } from './pipeline/intake.js';

/** Where sensors post. What may be wrong with a request is the pipeline's to say. */
@Controller()
export class IngestController {
  readonly #intake: Intake;

  constructor(@Inject(Intake) intake: Intake) {
    this.#intake = intake;
  }

  @Post('v1/sources/:type')
  async source(@Param('type') type: string, @Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.#answer(type, query, request, reply);
  }

  /** Falco's `http_output` posts to the root, as falcosidekick listens there: its URL can be swapped for ours. */
  @Post()
  async falco(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.#answer('falco', query, request, reply);
  }

  async #answer(source: string, query: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const answer = await this.#intake.accept({
      source,
      headers: headersOf(request),
      query: { token: parameter(query, 'token'), mapping: parameter(query, 'mapping') },
      body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    });
    const contentType = answer.status < 400 ? 'application/json' : 'application/problem+json';
    await reply
      .status(answer.status)
      .headers(answer.headers ?? {})
      .type(contentType)
      .send(JSON.stringify(answer.body));
  }
}

/** Node joins repeated headers except for a few that no source reads. */
function headersOf(request: FastifyRequest): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]));
}

function parameter(query: unknown, name: string): string | undefined {
  const value = query !== null && typeof query === 'object' && Object.hasOwn(query, name) ? (query as Record<string, unknown>)[name] : undefined;
  return typeof value === 'string' && value.length <= 4096 ? value : undefined;
}
