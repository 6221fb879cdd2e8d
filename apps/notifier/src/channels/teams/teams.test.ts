import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { buildIncident, buildViolation, freePort, httpReceiver, type HttpReceiver } from '@tocsin/testing';
import { buildDigest } from '../../formats/contract.js';
import type { Channel, Delivery } from '../channel.js';
import { delivery, deliveryOf, runChannelContract, runHttpChannelContract } from '../contract.js';
import { channelDeps } from '../testing.js';
import { teams } from './teams.js';

const CANARY = 'canary-canary-canary';
const never = new AbortController().signal;

function create(url: string): Channel {
  process.env['TEST_TEAMS_URL'] = `${url}?sig=${CANARY}`;
  return teams.create(teams.config.parse({ url: { env: 'TEST_TEAMS_URL' }, timeout: '200ms' }), channelDeps({ publicUrl: 'https://tocsin.example' }));
}

interface Card {
  type: string;
  attachments: {
    contentType: string;
    contentUrl: null;
    content: {
      type: string;
      version: string;
      body: { type: string; text?: string; facts?: { title: string; value: string }[] }[];
      actions?: { url: string }[];
    };
  }[];
}

describe('teams', () => {
  let receiver: HttpReceiver;
  beforeEach(async () => {
    receiver = await httpReceiver();
    receiver.behave(() => ({ status: 202 }));
  });
  afterEach(() => receiver.close());

  runChannelContract('teams', {
    canary: CANARY,
    healthy: async () => ({ channel: create(receiver.url), received: async () => receiver.accepted.map(({ body }) => body.toString()) }),
    refused: async () => create(`http://127.0.0.1:${await freePort()}/`),
    hanging: async () => {
      receiver.behave(() => 'hang');
      return create(receiver.url);
    },
  });
  runHttpChannelContract('teams', { canary: CANARY, create });

  async function cardOf(one: Delivery): Promise<Card> {
    const channel = create(receiver.url);
    expect(await channel.send([one], never)).toEqual([{ ok: true }]);
    await channel.close();
    const { body } = receiver.accepted.at(-1) as HttpReceiver['accepted'][0];
    // Teams takes some 28 KB.
    expect(body.length).toBeLessThan(28_000);
    return JSON.parse(body.toString()) as Card;
  }

  it('posts an Adaptive Card in a message, as workflows want it', async () => {
    const incident = buildIncident();
    const { type, attachments } = await cardOf(deliveryOf('incident', incident));
    const [attachment] = attachments;
    expect([type, attachments.length, attachment?.contentType, attachment?.contentUrl]).toEqual([
      'message',
      1,
      'application/vnd.microsoft.card.adaptive',
      null,
    ]);
    expect(attachment?.content).toMatchObject({
      type: 'AdaptiveCard',
      version: '1.4',
      actions: [{ url: `https://tocsin.example/incidents/${incident.id}` }],
    });
    expect(attachment?.content.body[0]?.text).toBe('High: Shell in a container \\(shop/web\\)');
  });

  it('lets no event write Markdown, and cuts what is long', async () => {
    const violation = buildViolation({ name: '[click](https://evil.example) '.repeat(500), message: '**x** <at>all</at>\n# y'.repeat(5_000) });
    const { attachments } = await cardOf(delivery({ data: violation }));
    const texts = attachments[0]?.content.body.map(({ text }) => text ?? '') ?? [];
    expect(texts[0]).toContain('\\[click\\]\\(https://evil.example\\)');
    expect(texts[1]).toContain('\\*\\*x\\*\\* \\<at\\>all\\</at\\> \\# y');
  });

  it('tells a digest by its counts', async () => {
    const { attachments } = await cardOf(deliveryOf('digest', buildDigest()));
    const facts = attachments[0]?.content.body.find(({ type }) => type === 'FactSet')?.facts;
    expect(facts).toContainEqual({ title: 'Events', value: '400 violations' });
  });
});
