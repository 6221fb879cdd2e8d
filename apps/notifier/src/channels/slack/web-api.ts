import { resolveSecret } from '@tocsin/extension';
import type { ChannelDeps, Outcome } from '../channel.js';
import type { Failed, HttpSender } from '../http.js';
import { judge } from '../http.js';
import { jsonOf } from '../http-channel.js';
import type { SlackConfig } from './config.js';

export interface SlackAnswer {
  ok: boolean;
  error?: string;
  ts?: string;
  messages?: { ts?: string; metadata?: { event_payload?: { delivery?: string } } }[];
}

/** Errors that are about the message; it will not be taken later either. https://docs.slack.dev/reference/methods/chat.postMessage */
const FINAL = new Set(['msg_too_long', 'invalid_blocks', 'invalid_blocks_format', 'no_text', 'metadata_too_large', 'too_many_attachments']);
/** Errors of Slack itself. */
const PASSING = new Set(['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'ratelimited', 'rate_limited']);

/** Methods of Slack's Web API; errors come as 200 with `ok: false`. */
export class WebApi {
  readonly #config: SlackConfig;
  readonly #http: HttpSender;
  readonly #deps: ChannelDeps;

  constructor(config: SlackConfig, http: HttpSender, deps: ChannelDeps) {
    this.#config = config;
    this.#http = http;
    this.#deps = deps;
  }

  async call(method: string, parameters: object, signal: AbortSignal): Promise<{ answer: SlackAnswer } | { failure: Failed }> {
    const { token, api } = this.#config;
    if (token === undefined) throw new Error('There is no token to call the Web API with.');
    const url = `${api.replace(/\/+$/, '')}/${method}`;
    const headers = {
      authorization: `Bearer ${await resolveSecret(token)}`,
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Tocsin',
    };
    const exchanged = await this.#http.exchange({ method: 'POST', url, headers, body: Buffer.from(JSON.stringify(parameters)) }, signal);
    if ('failure' in exchanged) return exchanged;
    const outcome: Outcome = judge(url, exchanged.answer, this.#deps.now());
    if (!outcome.ok) {
      exchanged.answer.discard();
      return { failure: outcome };
    }
    const answer = (await jsonOf(exchanged.answer)) as SlackAnswer | undefined;
    if (answer === undefined || typeof answer.ok !== 'boolean') {
      return { failure: { ok: false, retry: true, reason: 'server_error', message: `${method}: Slack's answer was cut` } };
    }
    return answer.ok ? { answer } : { failure: failureOf(method, answer.error ?? 'unknown') };
  }
}

function failureOf(method: string, error: string): Failed {
  const message = `${method}: Slack says ${error.replaceAll(/[^\w.-]/g, '?').slice(0, 100)}`;
  if (FINAL.has(error)) return { ok: false, retry: false, reason: error === 'msg_too_long' ? 'too_large' : 'client_error', message };
  if (PASSING.has(error)) return { ok: false, retry: true, reason: error.startsWith('rate') ? 'rate_limited' : 'server_error', message };
  // A token, a scope, a conversation that is gone or that the bot is not in: somebody will mend it, and events wait.
  return { ok: false, retry: true, reason: 'auth', message };
}
