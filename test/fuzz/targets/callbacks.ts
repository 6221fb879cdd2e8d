import { createHmac } from 'node:crypto';
import { EventType } from '@tocsin/event-log';
import { createLogger } from '@tocsin/runtime';
import { migrate, openStore, upsertIncidents } from '@tocsin/store';
import { buildIncident, fakeJira } from '@tocsin/testing';
import type { Channel, Delivery } from '../../../apps/notifier/src/channels/channel.ts';
import type * as EgressModule from '../../../apps/notifier/src/channels/egress.ts';
import type * as ChannelsModule from '../../../apps/notifier/src/channels/index.ts';
import type * as MemoryModule from '../../../apps/notifier/src/channels/memory.ts';
import { Finding, type Target } from '../target.ts';

const built = new URL('../../../apps/notifier/dist/channels/', import.meta.url);
const SECRET = 'fuzz-secret';
const NOW = Date.UTC(2026, 8, 14, 15);
const TIMESTAMP = String(NOW / 1_000);
const KNOWN_STATUS = [200, 400, 401, 404];

/** Whatever is in a signed request, it is answered, and what it commands is a command. */
export async function callbacks(name: 'jira-webhook' | 'slack-button'): Promise<Target> {
  const { channels } = (await import(new URL('index.js', built).href)) as typeof ChannelsModule;
  const { Egress } = (await import(new URL('egress.js', built).href)) as typeof EgressModule;
  const { channelMemory } = (await import(new URL('memory.js', built).href)) as typeof MemoryModule;
  process.env['FUZZ_SECRET'] = SECRET;
  const secret = { env: 'FUZZ_SECRET' };
  const store = await openStore({ file: ':memory:' });
  await migrate(store);
  const open = (type: string, config: object): Channel => {
    const extension = channels.find((one) => one.type === type) as (typeof channels)[number];
    return extension.create(extension.config.parse(config), {
      egress: new Egress({ allow: [], deny: [] }),
      now: () => NOW,
      logger: createLogger('fuzz', 'silent'),
      subscription: 'fuzz',
      memory: channelMemory(store, 'fuzz'),
      store,
      process: 'fuzz',
      publicUrl: 'https://tocsin.example',
      evidence: async () => undefined,
      notice: async () => undefined,
    });
  };
  const target = (channel: Channel, seeds: readonly Buffer[], sign: (body: Buffer) => Record<string, string>): Target => ({
    name,
    seeds,
    words: [...new Set(seeds.flatMap((seed) => seed.toString().match(/[\w:.-]{2,40}/g) ?? [])), '/tocsin ', 'payload='],
    async run(body) {
      const reply = await channel.receive?.({ headers: sign(body), query: {}, body });
      if (reply === undefined || !KNOWN_STATUS.includes(reply.status)) throw new Finding(`It is answered with ${reply?.status}.`);
      for (const { id, actor, time } of reply.commands) {
        if (typeof actor !== 'string' || id === '' || Number.isNaN(Date.parse(time))) throw new Finding(`A command of ${String(actor)} at ${time}.`);
      }
    },
  });

  const incident = buildIncident();
  process.env['FUZZ_TOKEN'] = 'x';
  if (name === 'slack-button') {
    const slack = open('slack', { conversation: 'C0123ABCD', token: { env: 'FUZZ_TOKEN' }, signingSecret: secret, people: { U0123ABCD: 'ann' } });
    return target(slack, pressOf(incident.id), (body) => ({
      'x-slack-request-timestamp': TIMESTAMP,
      'x-slack-signature': `v0=${createHmac('sha256', SECRET).update(`v0:${TIMESTAMP}:`).update(body).digest('hex')}`,
    }));
  }
  const fake = await fakeJira({ flavor: 'cloud', authorization: 'Bearer x', secret: SECRET, now: () => NOW });
  const auth = { bearer: { env: 'FUZZ_TOKEN' } };
  const jira = open('jira', { url: fake.url, flavor: 'cloud', auth, project: 'SEC', webhookSecret: secret });
  await store.transaction((tx) => upsertIncidents(tx, [{ incident, home: 'x/0', dueAt: null }]));
  const body = Buffer.from(JSON.stringify(incident));
  const opened: Delivery = {
    id: 'fuzz',
    subscription: 'fuzz',
    attempt: 1,
    event: { id: `${incident.id}/1`, type: EventType.Incident, source: '/fuzz', time: incident.updated_at, severityId: incident.severity_id },
    data: incident,
    body,
    content: { format: 'tocsin', mediaType: 'application/json', body },
  };
  await jira.send([opened], new AbortController().signal);
  if (fake.issues.length !== 1) throw new Error('There is no ticket to say something of.');
  const ann = { accountId: '5b10-ann', displayName: 'Ann' };
  const hooks = [fake.move('SEC-1', 'Erledigt', ann), fake.assign('SEC-1', ann, ann), fake.comment('SEC-1', '/tocsin look at this', ann)];
  return target(
    jira,
    hooks.map(({ body }) => body),
    (body) => ({ 'x-hub-signature': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}` }),
  );
}

/** A press of the button that acknowledges, as Slack sends it, and as a program that forgot the encoding would. */
function pressOf(incident: string): Buffer[] {
  const value = sealed({ do: 'acknowledge', incident, until: NOW + 1_000 });
  const press = JSON.stringify({ type: 'block_actions', user: { id: 'U0123ABCD' }, actions: [{ value }] });
  return [Buffer.from(`payload=${encodeURIComponent(press)}`), Buffer.from(`payload=${press}`)];
}

/** As the channel seals the value of its buttons. */
function sealed(command: object): string {
  const text = Buffer.from(JSON.stringify(command)).toString('base64url');
  return `${text}.${createHmac('sha256', SECRET).update('tocsin-button:fuzz:').update(text).digest('base64url')}`;
}
