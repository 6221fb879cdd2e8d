import { duration } from '@tocsin/extension';
import { z } from 'zod';
import { isFinal } from '@tocsin/domain';
import type { ChannelDeps, ChannelKind, Delivery, Outcome } from '../channel.js';
import { Credentials } from '../credentials.js';
import { HttpChannel } from '../http-channel.js';
import { CONNECTION_OF_OURS, httpAuth, httpConnection, receiverUrl } from '../http-options.js';
import { messageOf, type Message } from '../message.js';

const alertmanagerConfig = z.strictObject({
  /** Base URLs; each gets every alert, since replicas of Alertmanager share notifications, not alerts. */
  urls: z.array(receiverUrl).min(1).max(8),
  auth: httpAuth.optional(),
  /** An alert that is not told again ends after this time; a resolved incident ends at once. */
  endsAfter: duration.prefault('3d'),
  /** Added to every alert. */
  labels: z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'is not the name of a label'), z.string()).default({}),
  ...httpConnection,
});
type AlertmanagerConfig = z.infer<typeof alertmanagerConfig>;

/**
 * Posts alerts, https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml. Labels are what an alert is known by,
 * so they hold nothing that changes while it stands; when its severity changes, the alert of the old one is ended.
 */
export const alertmanager: ChannelKind<AlertmanagerConfig> = {
  type: 'alertmanager',
  forNamespaces: { withheld: CONNECTION_OF_OURS },
  summary: "Posts alerts to Prometheus' Alertmanager, and ends them when incidents are resolved.",
  config: alertmanagerConfig,
  create: (config, deps) => new Alertmanager(config, deps),
};

interface Alert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  generatorURL?: string;
}

class Alertmanager extends HttpChannel {
  readonly #config: AlertmanagerConfig;
  readonly #credentials: Credentials;

  constructor(config: AlertmanagerConfig, deps: ChannelDeps) {
    super(config, deps);
    this.#config = config;
    this.#credentials = new Credentials(config.auth, this.http, () => deps.now());
  }

  protected async deliver(delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    const message = messageOf(delivery, this.deps.publicUrl);
    const subject = `alert/${message.facts.id}`;
    const before = await this.deps.memory.get(subject);
    const { alert, over } = this.#alertOf(message, delivery);
    const alerts = [alert];
    if (before !== undefined && before !== message.severity) {
      const labels = { ...alert.labels, severity: before.toLowerCase() };
      alerts.push({ ...alert, labels, endsAt: new Date(this.deps.now()).toISOString() });
    }
    const proof = await this.#credentials.headers(signal);
    if ('failure' in proof) return proof.failure;
    const outcomes = await Promise.all(this.#config.urls.map((url) => this.#postTo(url, alerts, proof.headers, signal)));
    const outcome = best(outcomes);
    if (!outcome.ok) return outcome;
    // What one of several did not take, the others tell.
    if (message.told.events === 'incidents' || message.told.events === 'actions') {
      if (over) await this.deps.memory.delete(subject);
      else if (before !== message.severity) await this.deps.memory.put(subject, message.severity, before);
    }
    return outcome;
  }

  async #postTo(base: string, alerts: Alert[], headers: Record<string, string>, signal: AbortSignal): Promise<Outcome> {
    const posted = await this.post(`${base.replace(/\/+$/, '')}/api/v2/alerts`, alerts, signal, { headers });
    if ('failure' in posted) return posted.failure;
    posted.answer.discard();
    if (!posted.outcome.ok && posted.outcome.reason === 'auth') this.#credentials.refused();
    return posted.outcome;
  }

  #alertOf({ told, facts, text, title, severity, fields, link }: Message, { id }: Delivery): { alert: Alert; over: boolean } {
    const over = (told.events === 'incidents' && told.data.status === 'resolved') || (told.events === 'actions' && isFinal(told.data.state));
    const now = this.deps.now();
    const startsAt = told.events === 'actions' ? told.data.created_at : (facts.firstSeen ?? facts.time);
    const labels = {
      alertname: facts.class,
      severity: severity.toLowerCase(),
      tocsin: facts.kind,
      cluster: facts.cluster,
      namespace: facts.namespace,
      workload: facts.workload,
      source: facts.source,
      // Violations of one rule and workload are one alert; an incident and an action are one each.
      [`${facts.kind}_id`]: told.events === 'violations' ? undefined : facts.id,
    };
    const annotations = {
      summary: title,
      description: text,
      delivery: id,
      ...Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase().replaceAll(/[^a-z_]/g, '_'), value])),
    };
    const alert: Alert = {
      labels: { ...known(labels), ...this.#config.labels },
      annotations,
      startsAt,
      // Without an end Alertmanager takes it for resolved after its own `resolve_timeout`, five minutes by default.
      endsAt: new Date(over ? Math.max(now, Date.parse(startsAt)) : now + this.#config.endsAfter).toISOString(),
      ...(link !== undefined && { generatorURL: link }),
    };
    return { alert, over };
  }
}

function known(labels: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''));
}

/** One that took it is enough; otherwise what may pass is worth more than what is final. */
function best(outcomes: readonly Outcome[]): Outcome {
  const found = outcomes.find(({ ok }) => ok) ?? outcomes.find((outcome) => !outcome.ok && outcome.retry) ?? outcomes[0];
  return found as Outcome;
}
