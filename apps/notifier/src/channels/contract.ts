import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Action, Digest, Incident } from '@tocsin/domain';
import { EventType } from '@tocsin/event-log';
import { buildViolation, httpReceiver, type Behaviour, type HttpReceiver } from '@tocsin/testing';
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

export function delivery(parts: Partial<Omit<Delivery, 'data'>> & { data?: unknown } = {}): Delivery {
  const { data = buildViolation({ message: 'é 😀\n"quoted" \u0000' }), ...rest } = parts;
  const body = Buffer.from(JSON.stringify(data));
  return {
    id: randomUUID(),
    subscription: 'test',
    attempt: 1,
    event: { id: randomUUID(), type: 'dev.tocsin.violation.v1', source: '/tocsin/test', time: '2026-09-14T14:02:11.123Z', severityId: 4 },
    data: data as object,
    body,
    content: { format: 'tocsin', mediaType: 'application/json', body },
    ...rest,
  };
}

/** A delivery of an event, as the pipeline would hand it to a channel. */
export function deliveryOf(kind: 'incident' | 'action' | 'digest', data: Incident | Action | Digest): Delivery {
  const type = { incident: EventType.Incident, action: EventType.Action, digest: EventType.Digest }[kind];
  const version = 'version' in data ? data.version : 1;
  const plain = delivery({ data });
  return { ...plain, event: { ...plain.event, id: `${data.id}/${version}`, type, severityId: data.severity_id } };
}

const never = new AbortController().signal;

/** What every channel must hold; see `channel.ts`. */
export function runChannelContract(name: string, harness: ChannelHarness): void {
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

/** How receivers that speak HTTP answer, and what a channel makes of it. */
const HTTP_ANSWERS: [string, Behaviour, object][] = [
  ['204', { status: 204 }, { ok: true }],
  ['200 with a body that drips for ever', 'drip', { ok: true }],
  ['200 with a body without end', 'endless', { ok: true }],
  ['301 to an inside address', { status: 301, headers: { location: 'http://169.254.169.254/' } }, { ok: false, retry: true, reason: 'redirected' }],
  ['400', { status: 400 }, { ok: false, retry: false, reason: 'client_error' }],
  ['401', { status: 401 }, { ok: false, retry: true, reason: 'auth' }],
  ['403', { status: 403 }, { ok: false, retry: true, reason: 'auth' }],
  ['404', { status: 404 }, { ok: false, retry: true, reason: 'client_error' }],
  ['405', { status: 405 }, { ok: false, retry: true, reason: 'client_error' }],
  ['408', { status: 408 }, { ok: false, retry: true, reason: 'server_error' }],
  ['410', { status: 410 }, { ok: false, retry: true, reason: 'gone' }],
  ['413', { status: 413 }, { ok: false, retry: false, reason: 'too_large' }],
  ['425', { status: 425 }, { ok: false, retry: true, reason: 'server_error' }],
  ['429 with seconds', { status: 429, headers: { 'retry-after': '7' } }, { ok: false, retry: true, reason: 'rate_limited', afterMs: 7000 }],
  ['429 with a date long past', { status: 429, headers: { 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' } }, { ok: false, retry: true, afterMs: 0 }],
  ['429 without a time', { status: 429 }, { ok: false, retry: true, reason: 'rate_limited', afterMs: undefined }],
  [
    '429 with nonsense',
    { status: 429, headers: { 'retry-after': '-1 soon' } },
    { ok: false, retry: true, reason: 'rate_limited', afterMs: undefined },
  ],
  ['500', { status: 500 }, { ok: false, retry: true, reason: 'server_error' }],
  ['502', { status: 502 }, { ok: false, retry: true, reason: 'server_error' }],
  ['503 with seconds', { status: 503, headers: { 'retry-after': '1' } }, { ok: false, retry: true, reason: 'server_error', afterMs: 1000 }],
  ['504', { status: 504 }, { ok: false, retry: true, reason: 'server_error' }],
  ['a cut connection', 'reset', { ok: false, retry: true, reason: 'connection' }],
  ['silence', 'hang', { ok: false, retry: true, reason: 'timeout' }],
];

export interface HttpChannelHarness {
  /** A channel that sends to this URL and waits at most 200 ms; its path, query and credentials hold the canary. */
  create(url: string): Channel;
  canary: string;
}

/** What channels that speak HTTP hold beside the rest. */
export function runHttpChannelContract(name: string, { create, canary }: HttpChannelHarness): void {
  async function sendTo(receiver: HttpReceiver): Promise<Outcome> {
    const channel = create(receiver.url);
    const [outcome] = await channel.send([delivery()], never);
    await channel.close();
    return outcome as Outcome;
  }

  describe(`${name}, as every channel that speaks HTTP`, () => {
    it.each(HTTP_ANSWERS)('makes one request of %s, and names no secret', async (_name, behaviour, expected) => {
      const receiver = await httpReceiver();
      receiver.behave(() => behaviour);
      const outcome = await sendTo(receiver);
      expect({ afterMs: undefined, ...outcome }).toMatchObject(expected);
      expect(JSON.stringify(outcome)).not.toContain(canary);
      expect(receiver.requests).toHaveLength(1);
      await receiver.close();
    });

    it('reads Retry-After as a date', async () => {
      const receiver = await httpReceiver();
      receiver.behave(() => ({ status: 429, headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() } }));
      const { afterMs } = (await sendTo(receiver)) as { afterMs: number };
      expect(afterMs).toBeGreaterThan(50_000);
      expect(afterMs).toBeLessThanOrEqual(60_000);
      await receiver.close();
    });

    it('sends again on a new connection when the kept one was closed meanwhile', async () => {
      const receiver = await httpReceiver();
      const channel = create(receiver.url);
      expect(await channel.send([delivery()], never)).toEqual([{ ok: true }]);
      receiver.closeIdle();
      const outcomes = [...(await channel.send([delivery()], never)), ...(await channel.send([delivery()], never))];
      expect(outcomes.at(-1)).toEqual({ ok: true });
      await channel.close();
      await receiver.close();
    });

    it.each(['http://169.254.169.254/latest', 'http://[fe80::1]/', 'http://0.0.0.0:1/', 'http://[::ffff:169.254.169.254]/'])(
      'does not connect to %s',
      async (url) => {
        const channel = create(url);
        const [outcome] = await channel.send([delivery()], never);
        expect(outcome).toMatchObject({ ok: false, retry: true, reason: 'blocked' });
        expect(JSON.stringify(outcome)).not.toContain(canary);
        await channel.close();
      },
    );
  });
}
