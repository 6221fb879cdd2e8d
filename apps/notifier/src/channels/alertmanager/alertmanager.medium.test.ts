import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { buildIncident, describeReal, httpReceiver, startAlertmanager, type Alertmanager, type HttpReceiver } from '@tocsin/testing';
import type { Channel } from '../channel.js';
import { deliveryOf } from '../contract.js';
import { channelDeps } from '../testing.js';
import { alertmanager } from './alertmanager.js';

jest.setTimeout(60_000);
const never = new AbortController().signal;

interface Notification {
  status: string;
  groupLabels: Record<string, string>;
  alerts: { status: string; labels: Record<string, string> }[];
}

describeReal('alertmanager', 'alerts at a real Alertmanager', () => {
  let receiver: HttpReceiver;
  let real: Alertmanager;
  let channel: Channel;
  beforeAll(async () => {
    receiver = await httpReceiver();
    real = await startAlertmanager(receiver.url);
    channel = alertmanager.create(alertmanager.config.parse({ urls: [real.url] }), channelDeps());
  });
  afterAll(async () => {
    await channel.close();
    await real.close();
    await receiver.close();
  });

  const notifications = (): Notification[] => receiver.accepted.map(({ body }) => JSON.parse(body.toString()) as Notification);

  it('are shown, grouped, and resolved', async () => {
    const now = new Date().toISOString();
    const [one, two] = ['web', 'db'].map((name) =>
      buildIncident({ first_seen: now, last_seen: now, group: { cluster: 'test', 'workload.namespace': 'shop', 'workload.name': name } }),
    ) as [ReturnType<typeof buildIncident>, ReturnType<typeof buildIncident>];
    expect(await channel.send([deliveryOf('incident', one)], never)).toEqual([{ ok: true }]);
    expect(await channel.send([deliveryOf('incident', two)], never)).toEqual([{ ok: true }]);
    // The same again, as after a lost answer: it is the same alert.
    expect(await channel.send([deliveryOf('incident', two)], never)).toEqual([{ ok: true }]);
    const shown = await real.until((alerts) => alerts.length === 2);
    expect(new Set(shown.map(({ labels }) => labels['workload']))).toEqual(new Set(['web', 'db']));
    await receiver.until(() => notifications().some(({ alerts }) => alerts.length === 2));
    expect(notifications().at(-1)).toMatchObject({ status: 'firing', groupLabels: { alertname: 'shell-in-container' } });

    const resolved = { ...one, version: 2, status: 'resolved', change: 'resolved' } as const;
    expect(await channel.send([deliveryOf('incident', resolved)], never)).toEqual([{ ok: true }]);
    await real.until((alerts) => alerts.length === 1);
    await receiver.until(() =>
      notifications().some(({ alerts }) => alerts.some(({ status, labels }) => status === 'resolved' && labels['workload'] === 'web')),
    );
  });
});
