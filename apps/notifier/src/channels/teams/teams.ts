import { secretRef } from '@tocsin/extension';
import { z } from 'zod';
import type { ChannelDeps, ChannelKind, Delivery, Outcome } from '../channel.js';
import { HttpChannel, secretUrl } from '../http-channel.js';
import { CONNECTION_OF_OURS, httpConnection } from '../http-options.js';
import { messageOf, type Message } from '../message.js';

const teamsConfig = z.strictObject({
  /** The address of a workflow "When a Teams webhook request is received"; whoever knows it may post. */
  url: secretRef,
  ...httpConnection,
});
type TeamsConfig = z.infer<typeof teamsConfig>;

/**
 * Adaptive Cards to a workflow of Microsoft Teams; connectors of Office 365 are retired.
 * https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
 */
export const teams: ChannelKind<TeamsConfig> = {
  type: 'teams',
  forPeople: true,
  forNamespaces: { withheld: CONNECTION_OF_OURS },
  summary: 'Posts Adaptive Cards to a workflow of Microsoft Teams.',
  config: teamsConfig,
  create: (config, deps) => new Teams(config, deps),
};

class Teams extends HttpChannel {
  readonly #config: TeamsConfig;

  constructor(config: TeamsConfig, deps: ChannelDeps) {
    super(config, deps);
    this.#config = config;
  }

  protected async deliver(delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    const card = cardOf(messageOf(delivery, this.deps.publicUrl), delivery.id);
    const posted = await this.post(await secretUrl(this.#config.url), card, signal);
    if ('failure' in posted) return posted.failure;
    posted.answer.discard();
    return posted.outcome;
  }
}

/** Colours of Adaptive Cards by `severity_id`. */
const COLOR = { 1: 'Default', 2: 'Accent', 3: 'Warning', 4: 'Warning', 5: 'Attention', 6: 'Attention' } as const;

/** Texts in a card are a little Markdown: what an attacker chose must not become a link. */
function plain(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]()#+!<>|~-]/g, '\\$&');
}

/** Bounded by what `messageOf` cuts: some 10 KB of the 28 that Teams takes. */
function cardOf({ facts, title, text, fields, link }: Message, delivery: string): object {
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'full' },
    body: [
      { type: 'TextBlock', size: 'Medium', weight: 'Bolder', wrap: true, color: COLOR[facts.severityId], text: plain(title) },
      { type: 'TextBlock', wrap: true, text: plain(text) },
      { type: 'FactSet', facts: fields.map(([name, value]) => ({ title: name, value: plain(value) })) },
      { type: 'TextBlock', size: 'Small', isSubtle: true, wrap: true, text: `delivery ${delivery}` },
    ],
    ...(link !== undefined && { actions: [{ type: 'Action.OpenUrl', title: 'Open in Tocsin', url: link }] }),
  };
  return { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content }] };
}
