import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { Health, createLogger, createMetrics } from '@tocsin/runtime';
import { createHttp } from '@tocsin/runtime/nest';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { CONSOLE, ConsoleController } from './console.controller.js';
import { readConsole } from './files.js';

@Module({})
class TestModule {}

describe('the console, as it is served', () => {
  let directory: string;
  let app: Awaited<ReturnType<typeof createHttp>>;

  const open = async (): Promise<void> => {
    const module = {
      module: TestModule,
      controllers: [ConsoleController],
      providers: [{ provide: CONSOLE, useValue: () => readConsole(directory) }],
    };
    const part = { log: { health: async () => ({ ok: true }) }, store: undefined } as unknown as ConstructorParameters<typeof Health>[0];
    app = await createHttp({
      modules: [module],
      health: new Health(part),
      metrics: createMetrics('test', '0'),
      logger: createLogger('test', 'silent'),
      maxBodyBytes: 1024,
    });
    await app.init();
  };
  const get = (url: string, headers: Record<string, string> = {}) => app.inject({ method: 'GET', url, headers });

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'console-'));
    await mkdir(join(directory, 'assets'));
    await writeFile(join(directory, 'index.html'), '<p>Tocsin</p>');
    await writeFile(join(directory, 'theme.js'), '// theme');
    await writeFile(join(directory, 'assets', 'index-abc.js'), 'x'.repeat(5_000));
    await writeFile(join(directory, 'assets', 'index-abc.js.map'), '{}');
    await open();
  });
  afterEach(async () => {
    await app.close();
    await rm(directory, { recursive: true });
  });

  it.each([
    '/',
    '/incidents',
    '/incidents/7d1f0e52',
    '/approvals',
    '/actions?state=active',
    '/subscriptions',
    '/dead-letters',
    '/silences',
    '/policies',
  ])('answers %s with the page, which is asked for anew each time', async (url) => {
    const { statusCode, headers, body } = await get(url);
    expect([statusCode, body]).toEqual([200, '<p>Tocsin</p>']);
    expect(headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' });
  });

  it('lets browsers keep what has a hash in its name for ever', async () => {
    const { statusCode, headers } = await get('/assets/index-abc.js');
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({ 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'public, max-age=31536000, immutable' });
  });

  it('compresses as the browser takes it', async () => {
    const brotli = await get('/assets/index-abc.js', { 'accept-encoding': 'gzip, deflate, br' });
    expect(brotli.headers).toMatchObject({ 'content-encoding': 'br', vary: 'accept-encoding' });
    expect(brotliDecompressSync(brotli.rawPayload)).toHaveLength(5_000);
    const zipped = await get('/assets/index-abc.js', { 'accept-encoding': 'br;q=0, gzip;q=0.5' });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(zipped.rawPayload)).toHaveLength(5_000);
    expect((await get('/assets/index-abc.js', { 'accept-encoding': 'identity' })).headers['content-encoding']).toBeUndefined();
  });

  it.each(['/', '/theme.js', '/assets/index-abc.js'])('sends %s with a policy that allows nothing inline and nothing from elsewhere', async (url) => {
    const { headers } = await get(url);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*|data:/);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY' });
  });

  it.each(['/assets/none.js', '/assets/..%2f..%2fpackage.json', '/assets/index-abc.js.map', '/elsewhere', '/incidents/a/b'])(
    'has nothing at %s',
    async (url) => {
      expect((await get(url)).statusCode).toBe(404);
    },
  );

  it('says how to build it where it is not built', async () => {
    await rm(join(directory, 'index.html'));
    const { statusCode, body } = await get('/');
    expect(statusCode).toBe(200);
    expect(body).toContain('npm run build');
  });
});
