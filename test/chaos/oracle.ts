import { httpReceiver, syslogReceiver, type HttpReceiver, type SyslogReceiver } from '@tocsin/testing';
import type { Obligation } from './load.ts';

/** One arrival at a receiver. */
interface Arrival {
  /** The violation's id. */
  event: string;
  delivery: string;
  body: string;
}

export interface Receivers {
  webhook: HttpReceiver;
  syslog: SyslogReceiver;
  /** Policy documents that send all violations to both, and incidents to the webhook. */
  policies: string;
  close(): Promise<void>;
}

export async function openReceivers(): Promise<Receivers> {
  const webhook = await httpReceiver();
  const syslog = await syslogReceiver();
  const subscription = (name: string, channel: string): string =>
    `apiVersion: tocsin.dev/v1\nkind: Subscription\nmetadata: { name: ${name} }\nspec: { events: violations, channel: { ${channel} } }\n`;
  return {
    webhook,
    syslog,
    policies: [
      subscription('chaos-webhook', `type: webhook, url: "${webhook.url}"`),
      subscription('chaos-syslog', `type: syslog, host: 127.0.0.1, port: ${syslog.port}`),
    ].join('---\n'),
    close: async () => {
      await webhook.close();
      await syslog.close();
    },
  };
}

export interface Verdict {
  receiver: string;
  arrivals: number;
  missing: string[];
  /** Repeated arrivals; allowed, as long as they carry the same ids and bytes. */
  duplicates: number;
  /** Sentences about what must not be. */
  violations: string[];
}

export function judge(receivers: Receivers, obligations: ReadonlyMap<string, Obligation>): Verdict[] {
  return [verdict('webhook', webhookArrivals(receivers.webhook), obligations), verdict('syslog', syslogArrivals(receivers.syslog), obligations)];
}

function webhookArrivals(receiver: HttpReceiver): Arrival[] {
  return receiver.accepted.map(({ headers, body }) => {
    const { data } = JSON.parse(body.toString()) as { data: { id: string } };
    return { event: data.id, delivery: String(headers['webhook-id']), body: asSent(JSON.stringify(data)) };
  });
}

function syslogArrivals(receiver: SyslogReceiver): Arrival[] {
  return receiver.messages.map((message) => ({
    event: /event="([^"]*)"/.exec(message)?.[1] ?? '',
    delivery: /delivery="([^"]*)"/.exec(message)?.[1] ?? '',
    body: asSent(message.slice(message.indexOf('] ') + 2)),
  }));
}

/** A sender that got no answer sends again, and is taken in again: the same violation, received at another time. */
function asSent(body: string): string {
  return body.replace(/"received_time":"[^"]*"/, '');
}

function verdict(receiver: string, arrivals: readonly Arrival[], obligations: ReadonlyMap<string, Obligation>): Verdict {
  const first = new Map<string, Arrival>();
  const violations: string[] = [];
  const lastIndex = new Map<number, number>();
  for (const arrival of arrivals) {
    const before = first.get(arrival.event);
    const obligation = obligations.get(arrival.event);
    if (obligation === undefined) violations.push(`${arrival.event} arrived though it was never acknowledged`);
    if (before === undefined) {
      first.set(arrival.event, arrival);
      if (obligation === undefined) continue;
      const last = lastIndex.get(obligation.workload) ?? -1;
      if (obligation.index < last) violations.push(`${arrival.event} (workload ${obligation.workload}, ${obligation.index}) arrived after ${last}`);
      lastIndex.set(obligation.workload, Math.max(last, obligation.index));
    } else if (before.delivery !== arrival.delivery) {
      violations.push(`${arrival.event} arrived under two delivery ids`);
    } else if (before.body !== arrival.body) {
      violations.push(`${arrival.event} arrived with different bytes`);
    }
  }
  const missing = [...obligations.keys()].filter((id) => !first.has(id));
  return { receiver, arrivals: arrivals.length, missing, duplicates: arrivals.length - first.size, violations };
}

export function seenBy(receivers: Receivers): { webhook: number; syslog: number } {
  return {
    webhook: new Set(webhookArrivals(receivers.webhook).map(({ event }) => event)).size,
    syslog: new Set(syslogArrivals(receivers.syslog).map(({ event }) => event)).size,
  };
}
