import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { buildIncident, freePort, httpReceiver, type HttpReceiver } from '@tocsin/testing';
import { buildAction } from '../../formats/contract.js';
import type { Channel } from '../channel.js';
import { deliveryOf, runChannelContract, runHttpChannelContract } from '../contract.js';
import { channelDeps } from '../testing.js';
import { alertmanager } from './alertmanager.js';

const CANARY = 'canary-canary-canary';
process.env['TEST_ALERTMANAGER_TOKEN'] = CANARY;
const never = new AbortController().signal;
const NOW = Date.parse('2026-09-14T15:00:00.000Z');

interface Alert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
}

function create(urls: string[], config: object = {}): Channel {
  const parsed = alertmanager.config.parse({ urls, auth: { bearer: { env: 'TEST_ALERTMANAGER_TOKEN' } }, timeout: '200ms', ...config });
  return alertmanager.create(parsed, channelDeps({ now: () => NOW, publicUrl: 'https://tocsin.example' }));
}

function alertsOf(receiver: HttpReceiver): Alert[] {
  return receiver.accepted.flatMap(({ body }) => JSON.parse(body.toString()) as Alert[]);
}

describe('alertmanager', () => {
  let receiver: HttpReceiver;
  beforeEach(async () => {
    receiver = await httpReceiver();
  });
  afterEach(() => receiver.close());

  runChannelContract('alertmanager', {
    canary: CANARY,
    healthy: async () => ({
      channel: create([receiver.url]),
      received: async () => receiver.accepted.map(({ body }) => body.toString()),
    }),
    refused: async () => create([`http://127.0.0.1:${await freePort()}/${CANARY}`]),
    hanging: async () => {
      receiver.behave(() => 'hang');
      return create([receiver.url]);
    },
  });
  runHttpChannelContract('alertmanager', {
    canary: CANARY,
    // The real clock: the suite reads Retry-After as a date.
    create: (url) => alertmanager.create(alertmanager.config.parse({ urls: [`${url}/${CANARY}`], timeout: '200ms' }), channelDeps()),
  });

  it('knows an incident by labels that do not change, from open to resolved', async () => {
    const channel = create([receiver.url]);
    const incident = buildIncident();
    await channel.send([deliveryOf('incident', incident)], never);
    await channel.send([deliveryOf('incident', { ...incident, version: 2, change: 'acknowledged', status: 'acknowledged', count: 7 })], never);
    await channel.send([deliveryOf('incident', { ...incident, version: 3, change: 'resolved', status: 'resolved' })], never);
    const [opened, acknowledged, resolved] = alertsOf(receiver);
    expect(opened?.labels).toEqual({
      alertname: 'shell-in-container',
      severity: 'high',
      tocsin: 'incident',
      cluster: 'test',
      namespace: 'shop',
      workload: 'web',
      incident_id: incident.id,
    });
    expect(acknowledged?.labels).toEqual(opened?.labels);
    expect(resolved?.labels).toEqual(opened?.labels);
    expect(opened).toMatchObject({
      startsAt: incident.first_seen,
      endsAt: '2026-09-17T15:00:00.000Z',
      generatorURL: `https://tocsin.example/incidents/${incident.id}`,
    });
    expect(resolved?.endsAt).toBe('2026-09-14T15:00:00.000Z');
    await channel.close();
  });

  it('ends the alert of the severity before when an incident escalates', async () => {
    const channel = create([receiver.url]);
    const incident = buildIncident();
    await channel.send([deliveryOf('incident', incident)], never);
    await channel.send([deliveryOf('incident', { ...incident, version: 2, change: 'escalated', severity_id: 5 })], never);
    expect(alertsOf(receiver).map(({ labels, endsAt }) => [labels['severity'], Date.parse(endsAt) > NOW])).toEqual([
      ['high', true],
      ['critical', true],
      ['high', false],
    ]);
    await channel.close();
  });

  it('ends the alert of an action that is over', async () => {
    const channel = create([receiver.url]);
    await channel.send([deliveryOf('action', buildAction({ state: 'awaiting_approval' }))], never);
    await channel.send([deliveryOf('action', buildAction({ state: 'reverted', version: 2 }))], never);
    expect(alertsOf(receiver).map(({ endsAt }) => Date.parse(endsAt) > NOW)).toEqual([true, false]);
    await channel.close();
  });

  it('tells each of several, and is content when one took it', async () => {
    const other = await httpReceiver();
    const channel = create([`http://127.0.0.1:${await freePort()}`, receiver.url, other.url]);
    expect(await channel.send([deliveryOf('incident', buildIncident())], never)).toEqual([{ ok: true }]);
    expect([receiver.accepted.length, other.accepted.length]).toEqual([1, 1]);
    await channel.close();
    await other.close();
  });
});
