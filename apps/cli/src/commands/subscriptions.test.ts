import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { useWorkspace, type Workspace } from '../testing.js';

const SOC = {
  ...{ name: 'soc', channel: 'webhook', events: 'incidents', state: 'disabled', reason: 'nothing was delivered since yesterday', served: true },
  ...{ lag: { events: 12, seconds: 3_600.4 }, dead_letters: 1, last_success: '2026-09-13T14:00:00.000Z' },
};

describe('commands about subscriptions', () => {
  const workspaces = useWorkspace();
  let workspace: Workspace;
  let server: Server;
  let url: string;
  let asked: { path: string; body: unknown }[];
  /** Answers in turn, the last one for ever. */
  const answers = new Map<string, [number, object][]>();

  beforeEach(async () => {
    workspace = await workspaces.open();
    asked = [];
    answers.clear();
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        asked.push({ path: `${request.method} ${request.url}`, body: text === '' ? undefined : JSON.parse(text) });
        const list = answers.get(`${request.method} ${request.url}`) ?? [];
        const [status, body] = (list.length > 1 ? list.shift() : list[0]) ?? [404, { detail: 'There is no such thing.' }];
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const tocsin = (...args: string[]) => workspace.tocsin(...args, '--url', url);

  it('say how each stands, and by their exit code whether one is not served', async () => {
    answers.set('GET /v1/subscriptions', [[200, { items: [SOC] }]]);
    const { code, out } = await tocsin('subscriptions');
    expect(code).toBe(1);
    expect(out).toBe(
      'soc: incidents to webhook, disabled, 12 events behind by 3600 s, 1 dead letter, last success 2026-09-13T14:00:00.000Z\n    nothing was delivered since yesterday\n',
    );
    answers.set('GET /v1/subscriptions', [[200, { items: [{ ...SOC, state: 'active' }] }]]);
    expect((await tocsin('subscriptions', '-o', 'json')).code).toBe(0);
  });

  it('stop one and serve it again, with a reason', async () => {
    answers.set('POST /v1/subscriptions/soc/disable', [[200, { ...SOC, state: 'stopped' }]]);
    expect((await tocsin('subscriptions', 'disable', 'soc', 'being', 'moved')).code).toBe(0);
    expect(asked[0]?.body).toEqual({ reason: 'being moved' });
    expect((await tocsin('subscriptions', 'disable', 'soc')).code).toBe(2);
    expect((await tocsin('subscriptions', 'explode', 'soc')).code).toBe(2);
  });

  it('redeliver one, or what was sent in a time', async () => {
    answers.set('POST /v1/deliveries/d1/redeliver', [[202, { subscription: 'soc', events: 1, complete: true }]]);
    answers.set('POST /v1/subscriptions/soc/redeliver', [[202, { subscription: 'soc', events: 10_000, complete: false }]]);
    expect((await tocsin('redeliver', 'd1')).out).toBe('1 event will be sent to soc again.\n');
    expect((await tocsin('redeliver', 'soc', '--since', '2026-09-14T14:00:00Z')).out).toContain('and there are more');
    expect(asked.map(({ body }) => body)).toEqual([{}, { since: '2026-09-14T14:00:00Z' }]);
    expect((await tocsin('redeliver', 'soc', '--until', '2026-09-14T14:00:00Z')).code).toBe(2);
    expect((await tocsin('redeliver', 'd2')).code).toBe(1);
  });

  it('redrive one, or all of a subscription', async () => {
    answers.set('POST /v1/dead-letters/0-1/redrive', [[202, { subscription: 'soc', events: 1, complete: true }]]);
    answers.set('POST /v1/subscriptions/soc/redrive', [[202, { subscription: 'soc', events: 3, complete: true }]]);
    expect((await tocsin('redrive', '0-1')).out).toBe('1 event will be sent to soc again.\n');
    expect((await tocsin('redrive', '--subscription', 'soc')).out).toBe('3 events will be sent to soc again.\n');
    expect((await tocsin('redrive')).code).toBe(2);
  });

  const DRILL = { subscription: 'soc', event: 'e1', delivery: 'd1', sent_at: '2026-09-14T14:00:00.000Z' };
  const hop = (state: string, attempts: number) => ({
    ...{
      state,
      attempts,
      logged_at: '2026-09-14T14:00:00.010Z',
      first_attempt: '2026-09-14T14:00:00.050Z',
      last_attempt: '2026-09-14T14:00:01.250Z',
    },
    last_failure: { reason: 'server_error', message: 'http://soc/… answered 503' },
  });

  it('drill, and tell each hop', async () => {
    answers.set('POST /v1/subscriptions/soc/drill', [[202, DRILL]]);
    answers.set('GET /v1/deliveries/d1', [
      [404, { detail: 'There is no such delivery.' }],
      [200, hop('pending', 1)],
      [200, hop('delivered', 2)],
    ]);
    const { code, out } = await tocsin('drill', 'soc');
    expect(code).toBe(0);
    expect(out).toBe(
      [
        '   0.000 s  sent as event e1, delivery d1',
        '   0.010 s  on the log',
        '   0.050 s  first attempt ended',
        '            failed: http://soc/… answered 503',
        '   1.250 s  delivered, after 2 attempts\n',
      ].join('\n'),
    );
  });

  it('say by their exit code that a drill did not arrive', async () => {
    answers.set('POST /v1/subscriptions/soc/drill', [[202, DRILL]]);
    answers.set('GET /v1/deliveries/d1', [[200, hop('dead', 1)]]);
    expect(await tocsin('drill', 'soc')).toMatchObject({ code: 1, out: expect.stringContaining('dead, after 1 attempt') as unknown });
    answers.set('GET /v1/deliveries/d1', [[404, {}]]);
    expect(await tocsin('drill', 'soc', '--wait', '0.01')).toMatchObject({ code: 1, out: expect.stringContaining('Not tried') as unknown });
    expect((await tocsin('drill', 'none')).code).toBe(1);
    expect((await tocsin('drill', 'soc', '--wait', 'long')).code).toBe(2);
  });
});
