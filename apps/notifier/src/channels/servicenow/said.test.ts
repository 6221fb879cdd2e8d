import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import type { Incident } from '@tocsin/domain';
import { buildIncident, fakeServiceNow, type FakeServiceNow } from '@tocsin/testing';
import { migrate, openStore, type Store } from '@tocsin/store';
import type { Callback, Channel, Reply, SaidBack } from '../channel.js';
import { deliveryOf } from '../contract.js';
import { channelDeps } from '../testing.js';
import { servicenow } from './servicenow.js';

const SECRET = 'w3bh00k-s3cr3t é';
process.env['TEST_SERVICENOW_PASSWORD'] = 'p';
process.env['TEST_SERVICENOW_WEBHOOK'] = SECRET;
const never = new AbortController().signal;
const ID = '11111111-1111-5111-8111-111111111111';
const SCRIPT = readFileSync('deploy/servicenow/tocsin-webhook.js', 'utf8');

/** Runs the business rule as ServiceNow does, with the objects that it uses of it, and gives what it sent. */
function runRule(
  record: Record<string, string>,
  nowMs: number,
  properties: Record<string, string> = {},
): { callback: Callback | undefined; warnings: string[] } {
  const warnings: string[] = [];
  let sent: { headers: Record<string, string>; body: string } | undefined;
  const kept: Record<string, string> = {
    'tocsin.webhook.url': 'https://n.example/v1/callbacks/test',
    'tocsin.webhook.secret': SECRET,
    ...properties,
  };
  const request = { headers: {} as Record<string, string>, body: '' };
  runInNewContext(SCRIPT, {
    current: {
      getTableName: () => 'incident',
      getUniqueValue: () => record['sys_id'],
      getValue: (name: string) => record[name],
      getDisplayValue: () => record['number'],
    },
    previous: null,
    gs: { getProperty: (name: string) => kept[name], warn: (text: string) => void warnings.push(text) },
    GlideDateTime: function GlideDateTime(this: { getNumericValue(): number }) {
      this.getNumericValue = () => nowMs;
    },
    GlideStringUtil: { base64Encode: (text: string) => Buffer.from(text).toString('base64') },
    /** The key is Base64 and so is what comes out, https://www.servicenow.com/community/servicenow-ai-platform-forum/how-to-use-glidecertificateencryption-generatemac-method-to/td-p/1119034. */
    GlideCertificateEncryption: function GlideCertificateEncryption(this: { generateMac(key: string, algorithm: string, data: string): string }) {
      this.generateMac = (key, algorithm, data) => {
        if (algorithm !== 'HmacSHA256') throw new Error(algorithm);
        return createHmac('sha256', Buffer.from(key, 'base64')).update(data).digest('base64');
      };
    },
    sn_ws: {
      RESTMessageV2: function RESTMessageV2(this: object) {
        Object.assign(this, {
          setEndpoint: () => undefined,
          setHttpMethod: () => undefined,
          setHttpTimeout: () => undefined,
          setRequestHeader: (name: string, value: string) => void (request.headers[name.toLowerCase()] = value),
          setRequestBody: (body: string) => void (request.body = body),
          execute() {
            sent = request;
            return { getStatusCode: () => 200 };
          },
        });
      },
    },
  });
  return { callback: sent === undefined ? undefined : { headers: sent.headers, query: {}, body: Buffer.from(sent.body) }, warnings };
}

describe('what people do to a ticket of ServiceNow', () => {
  let instance: FakeServiceNow;
  let channel: Channel;
  let now: number;
  let store: Store;
  beforeEach(async () => {
    store = await openStore({ file: ':memory:' });
    await migrate(store);
    now = Date.parse('2026-09-14T14:00:00.000Z');
    instance = await fakeServiceNow({ auth: { basic: { username: 'tocsin', password: 'p' } }, now: () => now });
    const auth = { basic: { username: 'tocsin', password: { env: 'TEST_SERVICENOW_PASSWORD' } } };
    const own = { closeCode: 'Solved', closeCodes: { false_positive: 'No fault' }, poll: '1m', webhookSecret: { env: 'TEST_SERVICENOW_WEBHOOK' } };
    const config = servicenow.config.parse({ instance: instance.url, auth, ...own });
    channel = servicenow.create(config, channelDeps({ store, now: () => now }));
    await tell(1);
  });
  afterEach(async () => {
    await channel.close();
    await instance.close();
    await store.close();
  });

  async function tell(version: number, parts: Partial<Incident> = {}): Promise<void> {
    const told = deliveryOf('incident', buildIncident({ id: ID, version, status: 'open', ...parts }));
    expect(await channel.send([told], never)).toEqual([{ ok: true }]);
  }
  const ticket = () => instance.tables.get('incident')?.[0] ?? {};
  const person = (fields: Record<string, string>, by = 'ann'): void => {
    now += 1_000;
    instance.change('incident', ticket()['sys_id'] ?? '', by, fields);
  };
  const receive = (callback: Callback): Promise<Reply> => (channel.receive as NonNullable<Channel['receive']>).call(channel, callback);
  const webhook = async (): Promise<readonly SaidBack[]> => {
    const { callback } = runRule(ticket(), now);
    const reply = await receive(callback as Callback);
    expect(reply.status).toBe(200);
    return reply.commands;
  };
  const polled = () => (channel.poll as NonNullable<Channel['poll']>).run(never);
  const bodies = (said: readonly SaidBack[]) => said.map(({ body, actor }) => ({ ...body, actor }));
  const RESOLUTION = { reason: 'false_positive', by: 'ann', time: '2026-09-14T14:00:00.000Z' } as const;

  it('is told by the business rule that is shipped, signed, and comes to the same when it comes again', async () => {
    person({ state: '6', close_code: 'No fault', close_notes: 'a drill' });
    const number = ticket()['number'];
    const first = await webhook();
    expect(first).toMatchObject([{ incident: ID, actor: 'ann', time: '2026-09-14T14:00:01.000Z' }]);
    expect(bodies(first)).toEqual([{ type: 'resolve', reason: 'false_positive', comment: `${number}: No fault: a drill`, actor: 'ann' }]);
    expect(await webhook()).toEqual(first);
    expect(await polled()).toEqual(first);
  });

  it('ends when the incident followed: what we write ourselves says nothing', async () => {
    person({ state: '6', close_code: 'x', close_notes: 'y' });
    await webhook();
    await tell(2, { status: 'resolved', change: 'resolved', resolution: RESOLUTION });
    expect(await webhook()).toEqual([]);
    expect(await polled()).toEqual([]);
    expect(ticket()).toMatchObject({ close_code: 'x', close_notes: 'y' });
  });

  it('is not what Tocsin does: its resolution and reopening come back as nothing', async () => {
    await tell(2, { status: 'resolved', change: 'resolved', resolution: RESOLUTION });
    expect(await webhook()).toEqual([]);
    await tell(3, { change: 'reopened' });
    expect(await webhook()).toEqual([]);
    await tell(4, { status: 'acknowledged', change: 'acknowledged' });
    expect(await webhook()).toEqual([]);
  });

  it('is taken as it stands, in whatever order and however late the calls come', async () => {
    const before = runRule(ticket(), now).callback as Callback;
    person({ state: '6', close_code: 'x', close_notes: 'y' });
    const during = runRule(ticket(), now).callback as Callback;
    person({ state: '2' });
    // Resolved and reopened before anybody followed: it stands as it stood, and somebody is on it.
    expect((await receive(during)).commands.map(({ body }) => body)).toEqual([{ type: 'acknowledge' }]);
    expect((await receive(before)).commands.map(({ body }) => body)).toEqual([{ type: 'acknowledge' }]);
  });

  it('takes it up', async () => {
    person({ state: '2' });
    const said = await webhook();
    expect(bodies(said)).toEqual([{ type: 'acknowledge', actor: 'ann' }]);
    await tell(2, { status: 'acknowledged', change: 'acknowledged', acknowledged_by: 'ann' });
    expect(await webhook()).toEqual([]);
  });

  it('reopens and assigns, once each', async () => {
    await tell(2, { status: 'resolved', change: 'resolved', resolution: RESOLUTION });
    person({ state: '2', assigned_to: 'Ann Lee' });
    const said = await webhook();
    expect(bodies(said)).toEqual([
      { type: 'reopen', comment: `${ticket()['number']} was reopened.`, actor: 'ann' },
      { type: 'assign', assignee: 'Ann Lee', actor: 'ann' },
    ]);
    await tell(3, { change: 'reopened' });
    expect(await webhook()).toEqual([]);
    await tell(4, { status: 'acknowledged', change: 'acknowledged', acknowledged_by: 'ann', assignee: 'Ann Lee' });
    expect(await webhook()).toEqual([]);
  });

  it('brings notes that are marked, and no others', async () => {
    person({ work_notes: '[tocsin] it was the backup job' });
    person({ comments: 'nothing for Tocsin' });
    const said = await webhook();
    expect(bodies(said)).toEqual([{ type: 'note', comment: 'it was the backup job', actor: 'ann' }]);
    expect(await polled()).toEqual(said);
  });

  it('is not believed with another secret, an old or coming time, another body, or none of them', async () => {
    person({ state: '6', close_code: 'x', close_notes: 'y' });
    const good = runRule(ticket(), now).callback as Callback;
    const { 'x-tocsin-signature': signature, 'x-tocsin-timestamp': timestamp } = good.headers;
    const wrong: Callback[] = [
      runRule(ticket(), now, { 'tocsin.webhook.secret': 'another' }).callback as Callback,
      runRule(ticket(), now - 301_000).callback as Callback,
      runRule(ticket(), now + 301_000).callback as Callback,
      { ...good, body: Buffer.from('{}') },
      { ...good, headers: { 'x-tocsin-signature': signature } },
      { ...good, headers: { 'x-tocsin-timestamp': timestamp } },
      { ...good, headers: { 'x-tocsin-signature': 'v1=', 'x-tocsin-timestamp': 'now' } },
    ];
    const calls = instance.requests.length;
    for (const callback of wrong) expect(await receive(callback)).toEqual({ status: 401, commands: [] });
    expect(instance.requests).toHaveLength(calls);
    expect((await receive(good)).commands).toHaveLength(1);
  });

  it('says nothing of tickets that are not ours, gone or unreadable', async () => {
    const send = (sysId: unknown) => {
      const body = Buffer.from(JSON.stringify({ sys_id: sysId }));
      const timestamp = String(Math.floor(now / 1_000));
      const signature = `v1=${createHmac('sha256', SECRET).update(`${timestamp}.`).update(body).digest('base64')}`;
      return receive({ headers: { 'x-tocsin-signature': signature, 'x-tocsin-timestamp': timestamp }, query: {}, body });
    };
    expect(await send('../../sys_user')).toEqual({ status: 400, commands: [] });
    expect(await send(null)).toEqual({ status: 400, commands: [] });
    expect(await send('0'.repeat(32))).toEqual({ status: 200, commands: [] });
    instance.misbehave(() => 'hibernating');
    expect(await send(ticket()['sys_id'])).toEqual({ status: 503, commands: [] });
    await expect(polled()).rejects.toThrow('hibernating');
    instance.misbehave(() => undefined);
    person({ correlation_id: 'tocsin-33333333-3333-5333-8333-333333333333', state: '6', close_code: 'x', close_notes: 'y' });
    expect((await send(ticket()['sys_id'])).commands).toEqual([]);
  });

  it('is found by polling after it was looked for once, as long as it shows within two minutes', async () => {
    expect(await polled()).toEqual([]);
    now += 3_600_000;
    person({ state: '6', close_code: 'x', close_notes: 'y' });
    expect(bodies(await polled())).toMatchObject([{ type: 'resolve', reason: 'other' }]);
  });

  it('sends nothing before the instance knows where to and with what', () => {
    const { callback, warnings } = runRule(ticket(), now, { 'tocsin.webhook.secret': '' });
    expect(callback).toBeUndefined();
    expect(warnings).toEqual(['Tocsin: set the properties tocsin.webhook.url and tocsin.webhook.secret.']);
  });
});
