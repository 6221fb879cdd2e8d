import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { useWorkspace, type Ran } from '../testing.js';

/** As the API shows it; its own tests hold it to this shape. */
const TOKEN = { id: 't1', name: 'ci', role: 'viewer', expires_at: '2026-12-13T14:00:00.000Z' };

describe('tocsin token', () => {
  const workspaces = useWorkspace();
  let server: Server;
  let asked: [string | undefined, string | undefined, unknown][];
  let answers: object[];
  beforeEach(async () => {
    asked = [];
    answers = [];
    server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => void (text += chunk.toString()));
      request.on('end', () => {
        asked.push([request.method, request.url, text === '' ? undefined : JSON.parse(text)]);
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answers.shift()));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => new Promise((resolve) => void server.close(resolve)));

  async function token(...args: string[]): Promise<Ran> {
    const workspace = await workspaces.open();
    return workspace.tocsin('token', ...args, '--url', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  it('prints a new token alone, for scripts, and says beside it what it is', async () => {
    answers = [{ ...TOKEN, token: 'toc_x' }];
    const ran = await token('create', 'ci', '--role', 'viewer', '--person', 'ann', '--only', 'listIncidents, getIncident', '--days', '30');
    expect(ran).toEqual({ code: 0, out: 'toc_x\n', err: 't1: viewer, good until 2026-12-13T14:00:00.000Z. It cannot be shown again.\n' });
    const body = { name: 'ci', role: 'viewer', person: 'ann', operations: ['listIncidents', 'getIncident'], days: 30 };
    expect(asked).toEqual([['POST', '/v1/tokens', body]]);
  });

  it('lists all pages, with whose each is and whether it still is good', async () => {
    answers = [{ items: [TOKEN], next_cursor: 'c&c' }, { items: [{ ...TOKEN, id: 't2', person: 'ann', revoked_at: '2026-09-15T09:00:00.000Z' }] }];
    const { code, out } = await token('list');
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'ID  NAME  ROLE    OF         STATE                             USED',
      't1  ci    viewer  a service  until 2026-12-13T14:00:00.000Z    never',
      't2  ci    viewer  ann        revoked 2026-09-15T09:00:00.000Z  never',
      '',
    ]);
    expect(asked.map(([, url]) => url)).toEqual(['/v1/tokens?limit=500', '/v1/tokens?limit=500&cursor=c%26c']);
  });

  it('revokes by id', async () => {
    answers = [{ ...TOKEN, revoked_at: '2026-09-15T09:00:00.000Z' }];
    expect(await token('revoke', 't/1')).toMatchObject({ code: 0, out: 'ci: revoked 2026-09-15T09:00:00.000Z.\n' });
    expect(asked).toEqual([['DELETE', '/v1/tokens/t%2F1', undefined]]);
  });

  it.each([
    [[], 'expected "create <name>", "list" or "revoke <id>"'],
    [['create'], 'expected a name'],
    [['create', 'ci'], 'expected --role'],
    [['revoke'], 'expected the id of a token'],
    [['create', 'ci', 'x'], '"x" is one argument too many'],
  ])('says how %j is meant', async (args, message) => {
    expect(await token(...args)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
    expect(asked).toEqual([]);
  });
});
