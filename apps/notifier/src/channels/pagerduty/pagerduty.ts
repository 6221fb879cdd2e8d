import { isFinal } from '@tocsin/domain';
import { resolveSecret, secretRef } from '@tocsin/extension';
import { z } from 'zod';
import type { ChannelDeps, ChannelKind, Delivery, Outcome } from '../channel.js';
import { HttpChannel, jsonOf } from '../http-channel.js';
import { CONNECTION_OF_OURS, httpConnection, receiverUrl } from '../http-options.js';
import { messageOf, type Message } from '../message.js';
import { shorten } from '../../formats/text.js';

const pagerdutyConfig = z.strictObject({
  /** The integration key of an Events API v2 integration. */
  routingKey: secretRef,
  /** Another region: `https://events.eu.pagerduty.com/v2/enqueue`. */
  url: receiverUrl.default('https://events.pagerduty.com/v2/enqueue'),
  ...httpConnection,
});
type PagerdutyConfig = z.infer<typeof pagerdutyConfig>;

/** Events API v2, https://developer.pagerduty.com/docs/events-api-v2-overview. One alert per incident, known by `dedup_key`. */
export const pagerduty: ChannelKind<PagerdutyConfig> = {
  type: 'pagerduty',
  forPeople: true,
  forNamespaces: { withheld: CONNECTION_OF_OURS },
  summary: 'Triggers, acknowledges and resolves alerts of PagerDuty (Events API v2).',
  config: pagerdutyConfig,
  create: (config, deps) => new Pagerduty(config, deps),
};

/** `severity_id` as PagerDuty names severities. */
const SEVERITY = { 1: 'info', 2: 'info', 3: 'warning', 4: 'error', 5: 'critical', 6: 'critical' } as const;
const SUMMARY_MAX = 1_024;
const KEY_MAX = 255;

class Pagerduty extends HttpChannel {
  readonly #config: PagerdutyConfig;

  constructor(config: PagerdutyConfig, deps: ChannelDeps) {
    super(config, deps);
    this.#config = config;
  }

  protected async deliver(delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    const message = messageOf(delivery, this.deps.publicUrl);
    const event = { routing_key: await resolveSecret(this.#config.routingKey), ...eventOf(message, delivery) };
    const posted = await this.post(this.#config.url, event, signal);
    if ('failure' in posted) return posted.failure;
    const { outcome, answer } = posted;
    if (outcome.ok || outcome.reason !== 'client_error') {
      answer.discard();
      return outcome;
    }
    return aboutTheKey(await jsonOf(answer))
      ? { ...outcome, retry: true, reason: 'auth', message: `${outcome.message}; it does not know the routing key` }
      : outcome;
  }
}

/** A key that is wrong is answered as an event that is: with 400 and a list of errors. */
function aboutTheKey(answer: unknown): boolean {
  const { errors } = (answer ?? {}) as { errors?: unknown };
  return Array.isArray(errors) && errors.some((error) => /routing.?key/i.test(String(error)));
}

function eventOf(message: Message, { id }: Delivery): object {
  const { facts, title, text, fields, link } = message;
  return {
    event_action: actionOf(message),
    dedup_key: shorten(`tocsin/${facts.id}`, KEY_MAX),
    client: 'Tocsin',
    ...(link !== undefined && { client_url: link, links: [{ href: link, text: 'Tocsin' }] }),
    payload: {
      summary: shorten(title, SUMMARY_MAX),
      source: [facts.cluster, facts.namespace, facts.workload].filter((part) => part !== undefined && part !== '').join('/') || 'tocsin',
      severity: SEVERITY[facts.severityId],
      timestamp: facts.firstSeen ?? facts.time,
      component: facts.workload,
      group: facts.namespace,
      class: facts.class,
      custom_details: { reason: text, delivery: id, ...Object.fromEntries(fields) },
    },
  };
}

/** An acknowledgement or a resolution without an open alert is dropped there, which does no harm. */
function actionOf({ told }: Message): 'trigger' | 'acknowledge' | 'resolve' {
  if (told.events === 'actions') return isFinal(told.data.state) ? 'resolve' : 'trigger';
  if (told.events !== 'incidents') return 'trigger';
  if (told.data.status === 'resolved') return 'resolve';
  return told.data.change === 'acknowledged' ? 'acknowledge' : 'trigger';
}
