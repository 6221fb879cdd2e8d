import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import { ConfigErrors } from '@tocsin/extension';
import { z } from 'zod';
import type { AppPart } from '../part.js';
import { Problem } from './problem.js';
import { startService, type RunningService } from './service.js';

@Controller()
class TestController {
  @Post('bytes')
  bytes(@Body() body: unknown): { bytes: number } {
    return { bytes: (body as Buffer).length };
  }
  @Get('problem')
  problem(): never {
    throw new Problem({ status: 409, detail: 'no', hint: 'yes' }, { 'retry-after': '3' });
  }
  @Get('bug')
  bug(): never {
    throw new Error('the secret is hunter2');
  }
}

@Module({ controllers: [TestController] })
class TestModule {}

describe('startService', () => {
  let directory: string;
  let service: RunningService | undefined;
  let steps: string[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-service-'));
    steps = [];
  });
  afterEach(async () => {
    await service?.stop();
    service = undefined;
    await rm(directory, { recursive: true });
  });

  const part = (overrides: Partial<AppPart> = {}): AppPart => ({
    name: 'correlator',
    config: z.strictObject({}),
    needsStore: true,
    plan: async () => async () => ({
      module: { module: TestModule },
      start: async () => void steps.push('start'),
      stop: async () => void steps.push('stop'),
    }),
    ...overrides,
  });

  const start = async (overrides: Partial<AppPart> = {}, env: NodeJS.ProcessEnv = {}, standalone = true): Promise<RunningService> =>
    (service = await startService({
      name: 'test',
      version: '0',
      parts: [part(overrides)],
      standalone,
      env: { PORT: '0', TOCSIN_DATA_DIR: directory, LOG_LEVEL: 'silent', ...env },
    }));

  it('is alive, ready and measured, and stops in order, once', async () => {
    const { url, stop } = await start();
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('tocsin_build_info{service="test",version="0"} 1');
    await Promise.all([stop(), stop()]);
    expect(steps).toEqual(['start', 'stop']);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  it('is not ready when the log is gone, and says so', async () => {
    const { url, runtime } = await start();
    await runtime.log.close();
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(503);
    expect((await response.json()) as object).toMatchObject({
      ready: false,
      checks: expect.arrayContaining([expect.objectContaining({ name: 'log', ok: false })]),
    });
  });

  it('hands bodies of any content type on as bytes, and bounds them', async () => {
    const { url } = await start();
    const post = (body: string, type: string) => fetch(`${url}/bytes`, { method: 'POST', body, headers: { 'content-type': type } });
    expect(await (await post('{"a":', 'application/json')).json()).toEqual({ bytes: 5 });
    expect(await (await post('x', 'text/odd; charset=nonsense')).json()).toEqual({ bytes: 1 });
    const large = await post('x'.repeat(5 * 1024 * 1024), 'text/plain');
    expect(large.status).toBe(413);
    expect(large.headers.get('content-type')).toContain('application/problem+json');
  });

  it('answers errors as problems, and keeps to itself what is not for the caller', async () => {
    const { url } = await start();
    const conflict = await fetch(`${url}/problem`);
    expect([conflict.status, conflict.headers.get('retry-after')]).toEqual([409, '3']);
    expect(await conflict.json()).toEqual({ type: 'about:blank', title: 'Conflict', status: 409, detail: 'no', hint: 'yes' });
    const bug = await fetch(`${url}/bug`);
    expect(bug.status).toBe(500);
    expect(await bug.text()).not.toContain('hunter2');
    expect((await fetch(`${url}/absent`)).status).toBe(404);
  });

  it('answers what is no path as a problem', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/%s`);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await response.json()).toMatchObject({ status: 400, title: 'Bad Request', detail: expect.stringContaining('%s') });
  });

  it('tells the mistakes of all parts before it opens anything', async () => {
    const plan = async (): Promise<never> => {
      throw new ConfigErrors([{ file: 'policies/a.yaml', line: 3, path: 'spec', message: 'is wrong' }]);
    };
    await expect(start({ plan }, {}, false)).rejects.toThrow(
      /KAFKA_BROKERS: is missing[^]*DATABASE_URL: is missing[^]*policies\/a\.yaml:3:1: spec: is wrong/,
    );
  });

  it('closes what it opened when the start fails', async () => {
    const failing = { plan: async () => async () => ({ module: { module: TestModule }, start: () => Promise.reject(new Error('no luck')) }) };
    await expect(start(failing)).rejects.toThrow('no luck');
    // The embedded log can be opened once only, so this shows that it was closed.
    await start();
  });
});
