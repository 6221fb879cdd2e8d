import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { notFound } from '../http/answer.js';
import { SECURITY_HEADERS, encoded, type ConsoleFiles } from './files.js';

export const CONSOLE = Symbol('console');

/** The addresses of the console; the page itself decides what it shows at each. */
const PAGES = ['/', 'incidents', 'incidents/:id', 'approvals', 'actions', 'subscriptions', 'dead-letters', 'silences', 'policies'];

/** The console's files. Open to everyone: they hold no data, which the page asks the API for. */
@Controller()
export class ConsoleController {
  readonly #files: () => Promise<ConsoleFiles>;

  constructor(@Inject(CONSOLE) files: () => Promise<ConsoleFiles>) {
    this.#files = files;
  }

  @Get(PAGES)
  page(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#send('/index.html', request, reply);
  }

  @Get(['theme.js', 'favicon.svg'])
  file(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#send(new URL(request.url, 'http://localhost').pathname, request, reply);
  }

  @Get('assets/:name')
  asset(@Param('name') name: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#send(`/assets/${name}`, request, reply);
  }

  async #send(path: string, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const file = (await this.#files()).get(path);
    if (file === undefined) throw notFound('file');
    const { bytes, encoding } = encoded(file, request.headers['accept-encoding']);
    void reply.headers({ ...SECURITY_HEADERS, 'cache-control': file.cacheControl, vary: 'accept-encoding' }).type(file.mediaType);
    if (encoding !== undefined) void reply.header('content-encoding', encoding);
    await reply.send(bytes);
  }
}
