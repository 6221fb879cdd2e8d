import { STATUS_CODES } from 'node:http';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Logger } from '../logger.js';

/** RFC 9457 problem details; members beyond these are the problem's own. */
export interface ProblemDetails {
  type?: string;
  title?: string;
  status: number;
  detail?: string;
  [member: string]: unknown;
}

/** Throw it from a controller: the answer is `application/problem+json` with these details. */
export class Problem extends HttpException {
  readonly headers: Readonly<Record<string, string>>;
  constructor(details: ProblemDetails, headers: Readonly<Record<string, string>> = {}) {
    super({ type: 'about:blank', title: STATUS_CODES[details.status] ?? 'Error', ...details }, details.status);
    this.headers = headers;
  }
}

export function sendProblem(reply: FastifyReply, problem: Problem): void {
  void reply.status(problem.getStatus()).headers(problem.headers).type('application/problem+json').send(JSON.stringify(problem.getResponse()));
}

/** Answers every error as a problem. What is not meant for the caller is logged and answered without detail. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger: Logger;
  constructor(logger: Logger) {
    this.#logger = logger;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (reply.sent) return;
    sendProblem(reply, error instanceof Problem ? error : this.#toProblem(error));
  }

  #toProblem(error: unknown): Problem {
    const status = statusOf(error);
    if (status !== undefined && status < 500) {
      return new Problem({ status, detail: error instanceof Error ? error.message : '' });
    }
    this.#logger.error({ err: error }, 'A request failed unexpectedly.');
    return new Problem({ status: status ?? 500, detail: 'The service failed to answer; its log says why.' });
  }
}

/** Nest's own exceptions and Fastify's errors (body too large, malformed URL) carry a status. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (error !== null && typeof error === 'object' && 'statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  return undefined;
}
