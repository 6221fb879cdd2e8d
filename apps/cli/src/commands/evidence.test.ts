import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { useWorkspace, type Workspace } from '../testing.js';

const BYTES = Buffer.from([0xa1, 0xb2, 0xc3, 0xd4, 0, 0xff]);
const ARTEFACT = {
  schema: 1,
  id: 'e1',
  action: 'a1',
  name: '../web 1.pcap',
  media_type: 'application/vnd.tcpdump.pcap',
  bytes: 6,
  collected_at: '2026-09-14T14:00:00.000Z',
};

describe('tocsin evidence', () => {
  const workspaces = useWorkspace();
  let workspace: Workspace;
  let server: Server;
  let url: string;
  let sha256: string;
  beforeEach(async () => {
    workspace = await workspaces.open();
    sha256 = createHash('sha256').update(BYTES).digest('hex');
    server = createServer((request, response) => {
      const artefact = JSON.stringify({ ...ARTEFACT, sha256 });
      if (request.url === '/v1/evidence/e1/content') response.end(BYTES);
      else if (request.url === '/v1/evidence/e1') response.end(artefact);
      else if (request.url === '/v1/evidence?incident=i1') response.end(`{"items":[${artefact}]}`);
      else response.writeHead(404, { 'content-type': 'application/problem+json' }).end('{"detail":"There is no such evidence."}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => void server.close());
  const evidence = (...args: string[]) => workspace.tocsin('evidence', ...args, '--url', url);

  it('lists what there is of an incident', async () => {
    expect((await evidence('list', '--incident', 'i1')).out).toContain(`e1  ../web 1.pcap  6      2026-09-14T14:00:00.000Z  kept   ${sha256}`);
    expect(await evidence('list')).toMatchObject({ code: 2, err: expect.stringContaining('--incident') });
  });

  it('saves the bytes as they were collected, and overwrites nothing', async () => {
    expect(await evidence('get', 'e1', '--to', '@/web.pcap')).toMatchObject({ code: 0, out: expect.stringContaining('6 bytes, as collected.') });
    expect(await readFile(workspace.path('web.pcap'))).toEqual(BYTES);
    expect(await evidence('get', 'e1', '--to', '@/web.pcap')).toMatchObject({ code: 2, err: expect.stringContaining('is there already') });
  });

  it('writes nothing that is not what was collected', async () => {
    sha256 = '0'.repeat(64);
    expect(await evidence('get', 'e1', '--to', '@/web.pcap')).toMatchObject({ code: 1, err: expect.stringContaining('NOT what was collected') });
    expect(await readdir(dirname(workspace.path('x')))).toEqual([]);
    expect(await evidence('verify', 'e1')).toMatchObject({ code: 1, out: expect.stringContaining('NOT what was collected') });
  });

  it('verifies', async () => {
    expect(await evidence('verify', 'e1')).toEqual({ code: 0, out: `e1: as collected, 6 bytes, SHA-256 ${sha256}\n`, err: '' });
    expect(await evidence('verify', 'absent')).toMatchObject({ code: 1, err: 'tocsin evidence: There is no such evidence.\n' });
  });
});
