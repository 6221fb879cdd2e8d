import { afterEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { useWorkspace } from '../testing.js';

describe('tocsin config print', () => {
  const workspaces = useWorkspace();
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });

  async function opened(text: string, env: Record<string, string> = {}) {
    const workspace = await workspaces.open();
    process.env = { ...before, TOCSIN_CONFIG: await workspace.write('tocsin.yaml', text), ...env };
    return workspace;
  }

  it('says where each value comes from, and no password', async () => {
    const text = 'http: { port: 9090 }\napi: { authentication: { token: { env: TOCSIN_API_TOKEN } } }\n';
    const workspace = await opened(text, { DATABASE_URL: 'postgres://tocsin:geheim@db:5432/tocsin', LOG_LEVEL: 'warn', TOCSIN_API_TOKEN: 'geheim' });
    const { code, out } = await workspace.tocsin('config', 'print', '--changed');
    expect(code).toBe(0);
    expect(out).not.toContain('geheim');
    for (const line of ['  port: 9090 # tocsin.yaml', '  url: postgres://tocsin:***@db:5432/tocsin # DATABASE_URL', '  level: warn # LOG_LEVEL'])
      expect(out).toContain(`${line}\n`);
    expect(parse(out)).toMatchObject({ api: { authentication: { token: { env: 'TOCSIN_API_TOKEN' } } } });
  });

  it('prints what may stand in tocsin.yaml, with every default', async () => {
    const { out } = await (await opened('')).tocsin('config', 'print', '-o', 'yaml');
    expect(parse(out)).toMatchObject({
      http: { port: 8080 },
      log: { partitions: 12 },
      correlator: { builtinRules: true },
      api: { requestsPerMinute: 1200 },
    });
    const again = await (await opened(out)).tocsin('config', 'print', '-o', 'yaml');
    expect(again).toEqual({ code: 0, out, err: '' });
  });

  it('tells every mistake', async () => {
    const { code, err } = await (await opened('http: { prot: 1 }\nlogging: { level: loud }\n')).tocsin('config', 'print');
    expect(code).toBe(1);
    expect(err).toContain('tocsin.yaml:1:');
    expect(err).toContain('logging.level');
  });
});
