import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Egress } from './egress.js';
import { HttpSender } from './http.js';

const never = new AbortController().signal;

describe('HttpSender', () => {
  let server: Server;
  let taken: number;
  let url: string;
  /** Answers each request after this time; never when undefined. */
  let answerAfterMs: number | undefined;

  beforeEach(async () => {
    taken = 0;
    answerAfterMs = 0;
    server = createServer((_request, response) => {
      taken++;
      if (answerAfterMs !== undefined) setTimeout(() => response.writeHead(204).end(), answerAfterMs);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const open = (timeoutMs: number, maxRequests: number) => new HttpSender({ egress: new Egress({ allow: [], deny: [] }), timeoutMs, maxRequests });
  const post = (sender: HttpSender, signal = never) => sender.exchange({ method: 'POST', url, headers: {}, body: Buffer.from('{}') }, signal);

  // The time limit once began before a request had a socket, so that the last of many ran out of time at a receiver that
  // was slow but sound: it was asked again and again, and the breaker opened.
  it('does not count the time for which a request waits for its turn', async () => {
    answerAfterMs = 50;
    const sender = open(450, 1);
    const exchanged = await Promise.all(Array.from({ length: 10 }, () => post(sender)));
    expect(exchanged.map((one) => ('answer' in one ? one.answer.status : one.failure.message))).toEqual(Array.from({ length: 10 }, () => 204));
    for (const one of exchanged) if ('answer' in one) one.answer.discard();
    sender.close();
  });

  it('stops requests that wait for their turn, and gives the turn to the next', async () => {
    answerAfterMs = undefined;
    const sender = open(60_000, 1);
    const [first, waiting] = [new AbortController(), new AbortController()];
    const requests = [post(sender, first.signal), post(sender, waiting.signal)];
    waiting.abort();
    expect(await requests[1]).toMatchObject({ failure: { ok: false, retry: true, reason: 'timeout' } });
    first.abort();
    await requests[0];
    answerAfterMs = 0;
    expect(await post(sender)).toMatchObject({ answer: { status: 204 } });
    expect(taken).toBeLessThanOrEqual(2);
    sender.close();
  });
});
