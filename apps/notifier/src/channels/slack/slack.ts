import { commandId } from '@tocsin/domain';
import { resolveSecret } from '@tocsin/extension';
import type { Callback, Channel, ChannelDeps, ChannelKind, Delivery, Outcome, Reply } from '../channel.js';
import { HttpChannel, secretUrl } from '../http-channel.js';
import type { Failed } from '../http.js';
import { messageOf, type Message } from '../message.js';
import { blocksOf, escapeText, type Button } from './blocks.js';
import { CONNECTION_OF_OURS } from '../http-options.js';
import { slackConfig, type SlackConfig } from './config.js';
import { commandOf, readPress } from './press.js';
import { fromSlack, sealCommand } from './signature.js';
import { WebApi } from './web-api.js';

/** Messages of Slack: by an incoming webhook, or by a bot that keeps one message and one thread per incident. */
export const slack: ChannelKind<SlackConfig> = {
  type: 'slack',
  forPeople: true,
  forNamespaces: { withheld: [...CONNECTION_OF_OURS, 'signingSecret', 'people'] },
  summary: 'Tells a conversation of Slack; by a bot one message per incident, with buttons.',
  config: slackConfig,
  create: (config, deps) => new Slack(config, deps),
};

/** What is remembered of an incident or action: the message that tells of it. */
interface Told {
  ts: string;
  /** Of the last change that the thread has. */
  version: number;
}

class Slack extends HttpChannel implements Channel {
  readonly #config: SlackConfig;
  readonly #api: WebApi;

  constructor(config: SlackConfig, deps: ChannelDeps) {
    super(config, deps);
    this.#config = config;
    this.#api = new WebApi(config, this.http, deps);
  }

  protected async deliver(delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    const message = messageOf(delivery, this.deps.publicUrl);
    if (this.#config.webhook !== undefined) return this.#byWebhook(this.#config.webhook, message, delivery, signal);
    const failure = await this.#byBot(message, delivery, signal);
    return failure ?? { ok: true };
  }

  async #byWebhook(address: NonNullable<SlackConfig['webhook']>, message: Message, delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    const body = { text: escapeText(message.title), blocks: [...blocksOf(message, []), context(delivery)] };
    const posted = await this.post(await secretUrl(address), body, signal);
    if ('failure' in posted) return posted.failure;
    posted.answer.discard();
    return posted.outcome;
  }

  /** Undefined when it is told. */
  async #byBot(message: Message, delivery: Delivery, signal: AbortSignal): Promise<Failed | undefined> {
    const { events, data } = message.told;
    const version = events === 'incidents' || events === 'actions' ? data.version : 1;
    const key = events === 'violations' || events === 'digests' ? `message/${delivery.id}` : `message/${data.id}`;
    const content = await this.#content(message, delivery);
    const stored = await this.deps.memory.get(key);
    const told = stored === undefined || stored.startsWith('posting') ? undefined : (JSON.parse(stored) as Told);
    if (told === undefined) return this.#first(key, stored, content, version, delivery, signal);
    const updated = await this.#api.call('chat.update', { ...content, ts: told.ts }, signal);
    if ('failure' in updated) return updated.failure;
    if (told.version >= version) return undefined;
    // Marked before it is posted: a line of the thread that is lost does less harm than one that comes again and again.
    if (!(await this.deps.memory.put(key, JSON.stringify({ ...told, version }), stored))) return undefined;
    const { conversation: channel } = this.#config;
    const text = escapeText(`${message.facts.category.replaceAll('_', ' ')}: ${message.text}`);
    const replied = await this.#api.call('chat.postMessage', { channel, thread_ts: told.ts, text, unfurl_links: false }, signal);
    if ('failure' in replied && replied.failure.retry) await this.deps.memory.put(key, stored ?? '', JSON.stringify({ ...told, version }));
    return 'failure' in replied ? replied.failure : undefined;
  }

  /**
   * It is noted that a message is about to be posted; who finds that note does not know whether it was, and looks for it first.
   */
  async #first(
    key: string,
    stored: string | undefined,
    content: object,
    version: number,
    delivery: Delivery,
    signal: AbortSignal,
  ): Promise<Failed | undefined> {
    const { memory } = this.deps;
    const note = `posting ${delivery.id}`;
    const found = stored === undefined ? undefined : await this.#lookFor(stored.slice('posting '.length), signal);
    if (found !== undefined && 'failure' in found) return found.failure;
    if (stored === undefined && !(await memory.put(key, note, undefined))) return busy();
    let ts = found?.ts;
    if (ts === undefined) {
      if (stored !== undefined && stored !== note && !(await memory.put(key, note, stored))) return busy();
      const posted = await this.#api.call('chat.postMessage', content, signal);
      if ('failure' in posted) {
        // Slack has said that it did not post it.
        if (!['timeout', 'connection', 'server_error'].includes(posted.failure.reason)) await memory.delete(key);
        return posted.failure;
      }
      ts = posted.answer.ts;
    }
    await memory.put(
      key,
      JSON.stringify({ ts, version } satisfies { ts: string | undefined; version: number }),
      found?.ts === undefined ? note : stored,
    );
    return undefined;
  }

  /** The message of this delivery, if it is among the latest. Where the bot may not read them, it is taken for not posted. */
  async #lookFor(delivery: string, signal: AbortSignal): Promise<{ ts: string | undefined } | { failure: Failed } | undefined> {
    const { conversation: channel } = this.#config;
    const read = await this.#api.call('conversations.history', { channel, limit: 200, include_all_metadata: true }, signal);
    if ('failure' in read) return read.failure.reason === 'auth' ? undefined : read;
    return { ts: read.answer.messages?.find(({ metadata }) => metadata?.event_payload?.delivery === delivery)?.ts };
  }

  async #content(message: Message, delivery: Delivery): Promise<object> {
    const { conversation: channel } = this.#config;
    return {
      channel,
      text: escapeText(message.title),
      blocks: [...blocksOf(message, await this.#buttons(message)), context(delivery)],
      unfurl_links: false,
      metadata: { event_type: 'tocsin', event_payload: { delivery: delivery.id, subject: message.facts.id } },
    };
  }

  async #buttons({ told }: Message): Promise<Button[]> {
    const { signingSecret, buttonsFor } = this.#config;
    if (signingSecret === undefined) return [];
    const secret = await resolveSecret(signingSecret);
    const until = this.deps.now() + buttonsFor;
    const seal = (command: Parameters<typeof sealCommand>[2]): string => sealCommand(secret, this.deps.subscription, command);
    if (told.events === 'incidents' && told.data.status === 'open') {
      return [{ label: 'Acknowledge', style: 'primary', value: seal({ do: 'acknowledge', incident: told.data.id, until }) }];
    }
    if (told.events === 'actions' && told.data.state === 'awaiting_approval' && told.data.plan_hash !== undefined) {
      const { id: action, plan_hash: plan } = told.data;
      return [
        { label: 'Approve', style: 'primary', value: seal({ do: 'approve', action, plan, until }) },
        { label: 'Reject', style: 'danger', value: seal({ do: 'reject', action, until }) },
      ];
    }
    return [];
  }

  /** A pressed button. Slack wants an answer within three seconds; who may not is told so in the conversation, alone. */
  async receive({ headers, body }: Callback): Promise<Reply> {
    const { signingSecret, people } = this.#config;
    const now = this.deps.now();
    if (signingSecret === undefined) return { status: 404, commands: [] };
    const secret = await resolveSecret(signingSecret);
    const signed = { signature: headers['x-slack-signature'], timestamp: headers['x-slack-request-timestamp'], body };
    if (!fromSlack(secret, signed, now)) return { status: 401, commands: [] };
    const press = readPress(body);
    if (press === undefined) return { status: 200, commands: [] };
    const actor = Object.hasOwn(people, press.user) ? people[press.user] : undefined;
    const verdict = commandOf(press, secret, this.deps.subscription, actor, now);
    if ('refusal' in verdict) {
      void this.#whisper(press.responseUrl, verdict.refusal);
      return { status: 200, commands: [] };
    }
    const { said, target, by } = verdict;
    const id = commandId(target, `slack/${this.deps.subscription}/${press.value}/${press.user}`);
    return { status: 200, commands: [{ id, actor: by, time: new Date(now).toISOString(), ...said }] };
  }

  /** Best effort: what it says is also to be seen in the console. */
  async #whisper(url: string | undefined, text: string): Promise<void> {
    if (url === undefined) return;
    const body = { response_type: 'ephemeral', replace_original: false, text };
    const posted = await this.post(url, body, AbortSignal.timeout(5_000)).catch(() => undefined);
    if (posted !== undefined && 'answer' in posted) posted.answer.discard();
  }
}

function busy(): Failed {
  return { ok: false, retry: true, reason: 'server_error', message: 'another replica tells of the same just now' };
}

function context({ id }: Delivery): object {
  return { type: 'context', elements: [{ type: 'plain_text', text: `delivery ${id}`, emoji: false }] };
}
