import { Controller, Get, Inject, Module, Res, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply } from 'fastify';
import type { Registry } from 'prom-client';
import { Health } from '../health.js';
import type { Logger } from '../logger.js';
import { sendUnlessKnown } from './etag.js';
import { Problem, ProblemFilter, sendProblem } from './problem.js';
import { NestPinoLogger } from './logger.js';

const METRICS = Symbol('metrics');

@Controller()
class OperationsController {
  readonly #health: Health;
  readonly #metrics: Registry;

  constructor(health: Health, @Inject(METRICS) metrics: Registry) {
    this.#health = health;
    this.#metrics = metrics;
  }

  @Get('healthz')
  alive(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('readyz')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const readiness = await this.#health.readiness();
    await reply.status(readiness.ready ? 200 : 503).send(readiness);
  }

  @Get('metrics')
  async metrics(@Res() reply: FastifyReply): Promise<void> {
    await reply.header('content-type', this.#metrics.contentType).send(await this.#metrics.metrics());
  }
}

@Module({})
class ServiceModule {}

/**
 * On every answer, also of errors: none is a page, none is shown in a frame, guessed to be something else, read by other sites or kept on the
 * way. What serves pages sets its own. https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers
 */
const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

export interface HttpOptions {
  /** The modules of the parts that this process runs. */
  modules: DynamicModule[];
  health: Health;
  metrics: Registry;
  logger: Logger;
  maxBodyBytes: number;
}

/**
 * The process's HTTP application. Bodies of every content type reach the controllers as Buffers: sources need the
 * bytes as they came, and each says itself which types it takes.
 */
export async function createHttp(options: HttpOptions): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: options.maxBodyBytes,
    // A sender that opens a connection and drips must not hold it for ever.
    requestTimeout: 30_000,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 256 },
    // Refused before a route is known, so that no filter of Nest's sees it.
    frameworkErrors: ({ statusCode = 400, message }: FastifyError, _request: unknown, reply: FastifyReply) =>
      sendProblem(reply, new Problem({ status: statusCode, detail: message })),
  });
  const root: DynamicModule = {
    module: ServiceModule,
    imports: options.modules,
    controllers: [OperationsController],
    providers: [
      { provide: Health, useValue: options.health },
      { provide: METRICS, useValue: options.metrics },
    ],
  };
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    bodyParser: false,
    logger: new NestPinoLogger(options.logger),
    abortOnError: false,
  });
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  fastify.addHook('onRequest', async (_request, reply) => void reply.headers(SECURITY_HEADERS));
  fastify.addHook('onSend', sendUnlessKnown);
  app.useGlobalFilters(new ProblemFilter(options.logger));
  return app;
}
