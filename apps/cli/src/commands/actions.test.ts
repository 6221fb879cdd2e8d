import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { httpReceiver, type HttpReceiver } from '@tocsin/testing';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { useWorkspace, type Workspace } from '../testing.js';

/** What the API answers; its own tests hold it to these shapes. */
const ACTION = {
  id: 'a1',
  state: 'awaiting_approval',
  reason: 'The policy proposes.',
  type: 'quarantine',
  target: { type: 'pod', name: 'shop/web-1' },
  cluster: 'prod',
  policy: 'contain',
  plan: { summary: 'Cut pod shop/web-1 off the network.', changes: ['label x: (none) → y'], warnings: ['DNS still passes.'] },
  plan_hash: 'h1',
  approvals: { required: 2, from: ['ann'], given: [{ actor: 'ann' }], expires_at: '2026-09-14T15:00:00Z' },
};

describe('commands about actions', () => {
  const workspaces = useWorkspace();
  let workspace: Workspace;
  let server: Server;
  let url: string;
  let asked: { method: string | undefined; path: string | undefined; actor: unknown; body: unknown }[];
  const answers = new Map<string, [number, object]>();

  beforeEach(async () => {
    workspace = await workspaces.open();
    asked = [];
    answers.clear();
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        asked.push({
          method: request.method,
          path: request.url,
          actor: request.headers['x-tocsin-actor'],
          body: text === '' ? undefined : JSON.parse(text),
        });
        const [status, body] = answers.get(`${request.method} ${(request.url ?? '').split('?')[0]}`) ?? [404, { detail: 'There is no such thing.' }];
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => void server.close());

  const tocsin = (...args: string[]) => workspace.tocsin(...args, '--url', url, '--as', 'ann');

  it('shows the exact plan, and how to agree to it', async () => {
    answers.set('GET /v1/actions/a1', [200, ACTION]);
    const { code, out } = await tocsin('actions', 'a1');
    expect(code).toBe(0);
    expect(out).toContain('note: DNS still passes.');
    expect(out).toContain('approved by 1 of 2 of ann');
    expect(out).toContain('tocsin approve a1 --plan h1');
  });

  it('lists what waits and what stands', async () => {
    answers.set('GET /v1/actions', [200, { items: [ACTION] }]);
    expect((await tocsin('actions', '--state', 'awaiting_approval')).out).toBe(
      'ID  STATE              TYPE        TARGET          CLUSTER  POLICY\na1  awaiting_approval  quarantine  pod/shop/web-1  prod     contain\n',
    );
    answers.set('GET /v1/actions', [200, { items: [] }]);
    expect((await tocsin('actions')).out).toBe('There are none.\n');
  });

  it('approves the plan that was named, as who was named', async () => {
    answers.set('POST /v1/actions/a1/approve', [202, { state: 'pending' }]);
    expect((await tocsin('approve', 'a1', '--plan', 'h1', '--comment', 'go')).code).toBe(0);
    expect(asked).toEqual([{ method: 'POST', path: '/v1/actions/a1/approve', actor: 'ann', body: { plan_hash: 'h1', comment: 'go' } }]);
  });

  it('approves nothing without a plan', async () => {
    expect(await tocsin('approve', 'a1')).toMatchObject({ code: 2, err: expect.stringContaining('--plan') });
    expect(asked).toEqual([]);
  });

  it('lets no id into another path', async () => {
    await tocsin('revert', '../response/stop');
    expect(asked.map(({ path }) => path)).toEqual(['/v1/actions/..%2Fresponse%2Fstop/revert']);
  });

  it('says what the API says', async () => {
    answers.set('POST /v1/actions/a1/revert', [409, { detail: 'The action is over: reverted.' }]);
    expect(await tocsin('revert', 'a1')).toMatchObject({ code: 1, err: 'tocsin revert: The action is over: reverted.\n' });
  });

  it('says where nobody answered', async () => {
    const closed: HttpReceiver = await httpReceiver();
    await closed.close();
    const { code, err } = await workspace.tocsin('actions', '--url', closed.url);
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('is Tocsin running there?') });
  });

  it('stops with a reason, and with none does not', async () => {
    answers.set('POST /v1/response/stop', [200, { stopped: true, actor: 'ann', time: 't' }]);
    expect((await tocsin('stop-all')).code).toBe(2);
    expect((await tocsin('stop-all', 'look', 'first')).out).toBe('Stopped, by ann at t.\n');
    expect(asked).toMatchObject([{ body: { reason: 'look first' } }]);
  });

  it('verifies the record, also against a hash that was kept', async () => {
    answers.set('GET /v1/audit/verify', [200, { ok: true, records: 2, last_hash: 'h2' }]);
    expect(await tocsin('audit', 'verify')).toMatchObject({ code: 0, out: 'Whole: 2 records, the last hash is h2.\n' });
    answers.set('GET /v1/audit', [200, { items: [] }]);
    expect(await tocsin('audit', 'verify', '--last', 'h3')).toMatchObject({ code: 1, out: 'Cut: no record has the hash h3.\n' });
    answers.set('GET /v1/audit/verify', [200, { ok: false, seq: 2, why: 'its content was changed' }]);
    expect(await tocsin('audit', 'verify')).toMatchObject({ code: 1, out: 'Broken at record 2: its content was changed.\n' });
  });
});
