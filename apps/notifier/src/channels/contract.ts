import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Channel, Delivery, Outcome } from './channel.js';

export interface ChannelHarness {
  /** A channel that sends to a receiver which takes everything. */
  healthy(): Promise<{ channel: Channel; received(): Promise<readonly string[]> }>;
  /** A channel that sends to where nobody listens. */
  refused(): Promise<Channel>;
  /** A channel whose receiver takes connections and then does nothing; absent where the protocol cannot tell. */
  hanging?(): Promise<Channel>;
  /** Text that stands in the channel's secrets and must never come out. */
  canary: string;
}

export function delivery(parts: Partial<Delivery> & { data?: unknown } = {}): Delivery {
  const { data, ...rest } = parts;
  return {
    id: randomUUID(),
    subscription: 'test',
    attempt: 1,
    event: { id: randomUUID(), type: 'dev.tocsin.violation.v1', time: '2026-09-14T14:02:11.123Z', severityId: 4 },
    body: Buffer.from(JSON.stringify(data ?? { message: 'é 😀\n"quoted" \u0000' })),
    ...rest,
  };
}

/** What every channel must hold; see `channel.ts`. */
export function runChannelContract(name: string, harness: ChannelHarness): void {
  const never = new AbortController().signal;

  describe(`${name}, as every channel`, () => {
    it('sends, in order, with the delivery ids', async () => {
      const { channel, received } = await harness.healthy();
      const batch = Array.from({ length: 5 }, () => delivery());
      const outcomes: Outcome[] = [];
      for (const one of batch) outcomes.push(...(await channel.send([one], never)));
      expect(outcomes).toEqual(batch.map(() => ({ ok: true })));
      const texts = await received();
      expect(batch.map(({ id }) => texts.findIndex((text) => text.includes(id)))).toEqual([0, 1, 2, 3, 4]);
      await channel.close();
    });

    it('says that nobody listens, may be tried again, and names no secret', async () => {
      const channel = await harness.refused();
      const [outcome] = await channel.send([delivery()], never);
      expect(outcome).toMatchObject({ ok: false, retry: true, reason: 'connection' });
      expect(JSON.stringify(outcome)).not.toContain(harness.canary);
      await channel.close();
    });

    if (harness.hanging !== undefined) {
      it('gives up a receiver that does nothing', async () => {
        const channel = await (harness.hanging as () => Promise<Channel>)();
        expect(await channel.send([delivery()], never)).toMatchObject([{ ok: false, retry: true, reason: 'timeout' }]);
        await channel.close();
      });

      it('ends soon after it is told to stop', async () => {
        const channel = await (harness.hanging as () => Promise<Channel>)();
        const stop = new AbortController();
        const sending = channel.send([delivery()], stop.signal);
        stop.abort();
        expect(await sending).toMatchObject([{ ok: false, retry: true }]);
        await channel.close();
      });
    }
  });
}
