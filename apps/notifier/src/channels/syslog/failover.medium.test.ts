import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { describeReal, startRsyslog, startSyslogNg, type Rsyslog, type SyslogNg } from '@tocsin/testing';
import type { Delivery } from '../channel.js';
import { delivery } from '../contract.js';
import { channelDeps } from '../testing.js';
import { syslog } from './syslog.js';

jest.setTimeout(60_000);

const never = new AbortController().signal;

describeReal(['rsyslog', 'syslog-ng'], 'syslog to a real rsyslog, with a real syslog-ng as its standby', () => {
  let rsyslog: Rsyslog;
  let syslogNg: SyslogNg;
  beforeAll(async () => {
    [rsyslog, syslogNg] = await Promise.all([startRsyslog(), startSyslogNg()]);
  });
  afterAll(async () => {
    await Promise.all([rsyslog.close(), syslogNg.close()]);
  });

  it('loses nothing when the first is killed, and goes back to it', async () => {
    let now = 0;
    const channel = syslog.create(
      syslog.config.parse({
        host: '127.0.0.1',
        port: rsyslog.tcpPort,
        standby: [{ host: '127.0.0.1', port: syslogNg.ports.octets }],
        failback: '1m',
        timeout: '10s',
      }),
      channelDeps({ now: () => now }),
    );
    const sent: Delivery[] = [];
    /** As the pipeline does: what failed is sent again until it did not. */
    const send = async (batches: number): Promise<void> => {
      for (let index = 0; index < batches; index++) {
        const batch = Array.from({ length: 20 }, () => delivery());
        sent.push(...batch);
        while ((await channel.send(batch, never)).some(({ ok }) => !ok)) now += 100;
      }
    };
    await send(20);
    await rsyslog.kill();
    await send(20);
    await rsyslog.start();
    now += 60_000;
    await send(20);
    await channel.close();

    const idsIn = (messages: readonly { rawmsg: string }[]): Set<string> =>
      new Set(messages.map(({ rawmsg }) => /delivery="([^"]+)"/.exec(rawmsg)?.[1] ?? ''));
    const arrived = async (): Promise<[Set<string>, Set<string>]> => [idsIn(await rsyslog.messages()), idsIn(await syslogNg.messages())];
    const all = new Set(sent.map(({ id }) => id));
    for (;;) {
      const [first, second] = await arrived();
      if (all.isSubsetOf(first.union(second))) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const [first, second] = await arrived();
    const within = (from: number, to: number): Set<string> => new Set(sent.slice(from, to).map(({ id }) => id));
    expect(within(400, 800).isSubsetOf(second)).toBe(true);
    expect(within(800, 1200).isSubsetOf(first)).toBe(true);
    expect(within(800, 1200).isDisjointFrom(second)).toBe(true);
  });
});
