import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { buildIncident, buildViolation, freePort, httpReceiver, type HttpReceiver } from '@tocsin/testing';
import { buildAction } from '../../formats/contract.js';
import type { Channel, Delivery } from '../channel.js';
import { delivery, deliveryOf, runChannelContract, runHttpChannelContract } from '../contract.js';
import { channelDeps } from '../testing.js';
import { pagerduty } from './pagerduty.js';

const CANARY = 'r0ut1ngk3yr0ut1ngk3yr0ut1ngk3y00';
process.env['TEST_PAGERDUTY_KEY'] = CANARY;
const never = new AbortController().signal;

function create(url: string): Channel {
  const parsed = pagerduty.config.parse({ url, routingKey: { env: 'TEST_PAGERDUTY_KEY' }, timeout: '200ms' });
  return pagerduty.create(parsed, channelDeps({ publicUrl: 'https://tocsin.example' }));
}

interface Event {
  routing_key: string;
  event_action: string;
  dedup_key: string;
  payload: { summary: string; source: string; severity: string; custom_details: Record<string, string> };
}

/** What the documentation wants of an event, https://developer.pagerduty.com/docs/send-alert-event. */
function mistakesOf(event: Event): string[] {
  const { routing_key: key, event_action: action, dedup_key: dedup, payload } = event;
  return [
    ...(/^[a-zA-Z0-9]{32}$/.test(key) ? [] : ['routing_key must be 32 characters']),
    ...(['trigger', 'acknowledge', 'resolve'].includes(action) ? [] : ['event_action']),
    ...(dedup.length > 0 && dedup.length <= 255 ? [] : ['dedup_key']),
    ...(payload.summary.length > 0 && payload.summary.length <= 1024 ? [] : ['summary']),
    ...(payload.source.length > 0 ? [] : ['source']),
    ...(['critical', 'error', 'warning', 'info'].includes(payload.severity) ? [] : ['severity']),
    ...(Buffer.byteLength(JSON.stringify(event)) <= 512 * 1024 ? [] : ['size']),
  ];
}

describe('pagerduty', () => {
  let receiver: HttpReceiver;
  beforeEach(async () => {
    receiver = await httpReceiver();
    receiver.behave(({ body }) => {
      const errors = mistakesOf(JSON.parse(body.toString()) as Event);
      return errors.length === 0
        ? { status: 202, body: '{"status":"success"}' }
        : { status: 400, body: JSON.stringify({ status: 'invalid event', errors }) };
    });
  });
  afterEach(() => receiver.close());

  runChannelContract('pagerduty', {
    canary: CANARY,
    healthy: async () => ({ channel: create(receiver.url), received: async () => receiver.accepted.map(({ body }) => body.toString()) }),
    refused: async () => create(`http://127.0.0.1:${await freePort()}/`),
    hanging: async () => {
      receiver.behave(() => 'hang');
      return create(receiver.url);
    },
  });
  runHttpChannelContract('pagerduty', { canary: CANARY, create });

  const events = (): Event[] => receiver.accepted.map(({ body }) => JSON.parse(body.toString()) as Event);
  const send = async (...deliveries: Delivery[]): Promise<void> => {
    const channel = create(receiver.url);
    for (const one of deliveries) expect(await channel.send([one], never)).toEqual([{ ok: true }]);
    await channel.close();
  };

  it('has one alert for an incident, from trigger to resolve', async () => {
    const incident = buildIncident();
    await send(
      deliveryOf('incident', incident),
      deliveryOf('incident', { ...incident, version: 2, change: 'acknowledged', status: 'acknowledged' }),
      deliveryOf('incident', { ...incident, version: 3, change: 'updated', status: 'acknowledged', severity_id: 6 }),
      deliveryOf('incident', { ...incident, version: 4, change: 'resolved', status: 'resolved' }),
    );
    expect(events().map(({ event_action: action, payload }) => [action, payload.severity])).toEqual([
      ['trigger', 'error'],
      ['acknowledge', 'error'],
      ['trigger', 'critical'],
      ['resolve', 'error'],
    ]);
    expect(new Set(events().map(({ dedup_key: key }) => key)).size).toBe(1);
    expect(events()[0]).toMatchObject({ client_url: `https://tocsin.example/incidents/${incident.id}`, payload: { source: 'test/shop/web' } });
  });

  it('asks for an approval, and stops asking when it was given', async () => {
    await send(
      deliveryOf('action', buildAction({ state: 'awaiting_approval' })),
      deliveryOf('action', buildAction({ state: 'reverted', version: 2 })),
    );
    expect(events().map(({ event_action: action }) => action)).toEqual(['trigger', 'resolve']);
  });

  it('cuts what is too long, and holds what is hostile', async () => {
    await send(delivery({ data: buildViolation({ name: 'x'.repeat(5_000), message: 'é\u0000\n'.repeat(20_000), workload: {}, cluster: '' }) }));
    expect(events()[0]?.payload.summary).toMatch(/…$/);
  });

  it('waits when the routing key is not known, instead of giving up every event', async () => {
    process.env['TEST_PAGERDUTY_KEY'] = 'wrong-key-wrong-key';
    const channel = create(receiver.url);
    const [outcome] = await channel.send([deliveryOf('incident', buildIncident())], never);
    process.env['TEST_PAGERDUTY_KEY'] = CANARY;
    expect(outcome).toMatchObject({ ok: false, retry: true, reason: 'auth' });
    expect(JSON.stringify(outcome)).not.toContain('wrong-key');
    await channel.close();
  });
});
