import { setTimeout as sleep } from 'node:timers/promises';
import { Api, API_OPTIONS, API_USAGE, ApiError } from '../api.js';
import { OUTPUT, OUTPUT_USAGE, UsageError, counted, one, shown, textOption, type Command } from '../command.js';

interface Subscription {
  name: string;
  channel: string;
  events: string;
  state: string;
  reason: string;
  served: boolean;
  lag: { events: number; seconds: number };
  dead_letters: number;
  last_success?: string;
  last_error?: { time: string; reason: string; message: string };
}

interface SentAgain {
  subscription: string;
  events: number;
  complete: boolean;
}

interface Delivery {
  state: 'pending' | 'delivered' | 'dead';
  attempts: number;
  logged_at: string;
  first_attempt: string;
  last_attempt: string;
  last_failure?: { reason: string; message: string };
}

export const subscriptions: Command = {
  name: 'subscriptions',
  summary: 'How subscriptions stand; stops one, or serves it again.',
  usage: `[options]
       tocsin subscriptions enable|disable <name> <reason> [options]

Exit code 0: every subscription is served; 1: some are disabled or stopped.

${OUTPUT_USAGE}${API_USAGE}`,
  words: ['enable', 'disable'],
  options: { ...API_OPTIONS, output: OUTPUT },
  async run(given, terminal) {
    const [what, name, ...words] = given.positionals;
    const api = new Api(given);
    if (what === undefined) {
      const { items } = await api.get<{ items: Subscription[] }>('/v1/subscriptions');
      terminal.out(shown(given, items, () => items.map(line).join('')));
      return items.every(({ state }) => state === 'active') ? 0 : 1;
    }
    if (what !== 'enable' && what !== 'disable') throw new UsageError(`"${what}" is neither enable nor disable`);
    if (name === undefined || words.length === 0) throw new UsageError('expected the name of a subscription, and why; that stays on record');
    const now = await api.post<Subscription>(`/v1/subscriptions/${encodeURIComponent(name)}/${what}`, { reason: words.join(' ') });
    terminal.out(line(now));
    return 0;
  },
};

function line({
  name,
  channel,
  events,
  state,
  reason,
  served,
  lag,
  dead_letters: dead,
  last_success: success,
  last_error: error,
}: Subscription): string {
  const words = [
    `${events} to ${channel}`,
    served ? state : `${state}, and no notifier has it`,
    `${counted(lag.events, 'event')} behind${lag.events > 0 ? ` by ${Math.round(lag.seconds)} s` : ''}`,
    ...(dead > 0 ? [counted(dead, 'dead letter')] : []),
    ...(success === undefined ? ['nothing delivered yet'] : [`last success ${success}`]),
  ];
  const failed = error === undefined ? '' : `    last error ${error.time}: ${error.message}\n`;
  const why = state === 'active' ? failed : `    ${reason}\n`;
  return `${name}: ${words.join(', ')}\n${why}`;
}

export const redeliver: Command = {
  name: 'redeliver',
  summary: 'Sends a subscription again what it was sent, with the same ids.',
  usage: `<delivery> [options]
       tocsin redeliver <subscription> --since <time> [--until <time>] [options]

Nobody else gets the events, and no rule or policy sees them.

  --since <time>  events that the log took at or after this time, RFC 3339
  --until <time>  before this time; default: now
${API_USAGE}`,
  options: { ...API_OPTIONS, since: { type: 'string' }, until: { type: 'string' } },
  async run(given, terminal) {
    const id = one(given, 'a delivery, or a subscription with --since');
    const [since, until] = [textOption(given, 'since'), textOption(given, 'until')];
    if (since === undefined && until !== undefined) throw new UsageError('--until needs --since');
    const body = since === undefined ? {} : { since, ...(until !== undefined && { until }) };
    const path = since === undefined ? `/v1/deliveries/${id}/redeliver` : `/v1/subscriptions/${id}/redeliver`;
    terminal.out(again(await new Api(given).post<SentAgain>(path, body), 'raise --since to the last event, and say it again for the rest'));
    return 0;
  },
};

export const redrive: Command = {
  name: 'redrive',
  summary: 'Sends a subscription again what its receiver refused.',
  usage: `<dead letter> [options]
       tocsin redrive --subscription <name> [--since <time>] [options]

Each dead letter once; what is refused again is a dead letter of its own.

  --subscription <name>  all that this one's receiver refused
  --since <time>         given up at or after this time, RFC 3339
${API_USAGE}`,
  options: { ...API_OPTIONS, subscription: { type: 'string' }, since: { type: 'string' } },
  async run(given, terminal) {
    const [name, since] = [textOption(given, 'subscription'), textOption(given, 'since')];
    if (name === undefined && since !== undefined) throw new UsageError('--since needs --subscription');
    const path =
      name === undefined
        ? `/v1/dead-letters/${one(given, 'a dead letter, or --subscription')}/redrive`
        : `/v1/subscriptions/${encodeURIComponent(name)}/redrive`;
    terminal.out(again(await new Api(given).post<SentAgain>(path, since === undefined ? {} : { since }), 'say it again for the rest'));
    return 0;
  },
};

function again({ subscription, events, complete }: SentAgain, otherwise: string): string {
  return `${counted(events, 'event')} will be sent to ${subscription} again${complete ? '' : `, and there are more; ${otherwise}`}.\n`;
}

const LOOK_EVERY_MS = 250;
const WAIT_S = 60;

export const drill: Command = {
  name: 'drill',
  summary: 'Sends a subscription a marked test event down the real road, and says how it went.',
  usage: `<subscription> [options]

Exit code 0: it was delivered; 1: it was refused, or not delivered in time.

  --wait <seconds>  how long to wait for it; default ${WAIT_S}
${API_USAGE}`,
  options: { ...API_OPTIONS, wait: { type: 'string' } },
  async run(given, terminal) {
    const name = one(given, 'a subscription');
    const waitS = Number(textOption(given, 'wait') ?? WAIT_S);
    if (!(waitS > 0 && waitS <= 3_600)) throw new UsageError('--wait expects seconds, from 1 to 3600');
    const api = new Api(given);
    const {
      delivery,
      event,
      sent_at: sentAt,
    } = await api.post<{ delivery: string; event: string; sent_at: string }>(`/v1/subscriptions/${name}/drill`, {});
    const since = (time: string): string => `${((Date.parse(time) - Date.parse(sentAt)) / 1000).toFixed(3).padStart(8)} s`;
    terminal.out(`${since(sentAt)}  sent as event ${event}, delivery ${delivery}\n`);
    const found = await ended(api, delivery, Date.now() + waitS * 1_000);
    if (found === undefined) {
      terminal.out(`Not tried within ${waitS} s; "tocsin subscriptions" says how it stands.\n`);
      return 1;
    }
    terminal.out(`${since(found.logged_at)}  on the log\n${since(found.first_attempt)}  first attempt ended\n`);
    if (found.last_failure !== undefined) terminal.out(`            failed: ${found.last_failure.message}\n`);
    terminal.out(`${since(found.last_attempt)}  ${found.state}, after ${counted(found.attempts, 'attempt')}\n`);
    return found.state === 'delivered' ? 0 : 1;
  },
};

/** As it stands at the end, or when the time is up; undefined when it was not tried. */
async function ended(api: Api, id: string, untilMs: number): Promise<Delivery | undefined> {
  let found: Delivery | undefined;
  for (;;) {
    try {
      found = await api.get<Delivery>(`/v1/deliveries/${id}`);
    } catch (error) {
      // The ledger is written after the attempt.
      if (!(error instanceof ApiError)) throw error;
    }
    if ((found !== undefined && found.state !== 'pending') || Date.now() >= untilMs) return found;
    await sleep(LOOK_EVERY_MS);
  }
}
