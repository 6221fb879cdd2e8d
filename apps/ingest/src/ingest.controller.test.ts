import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Topic, type EventLog } from '@tocsin/event-log';
import { Health } from '@tocsin/runtime';
import { createHttp } from '@tocsin/runtime/nest';
import { Registry } from 'prom-client';
import { IngestModule } from './ingest.module.js';
import { alert, intakeOn, logger, openTestLog, readTopic, topicLength } from './pipeline/testing.js';

describe('HTTP edge of ingest', () => {
  let log: EventLog;
  let app: NestFastifyApplication;

  beforeAll(async () => {
    log = await openTestLog();
    const { intake } = intakeOn(log, { tokens: { shared: undefined, bySource: new Map([['neuvector', 's3cret']]) } });
    app = await createHttp({
      modules: [IngestModule.forRoot(intake)],
      health: new Health({ log, store: undefined }),
      metrics: new Registry(),
      logger,
      maxBodyBytes: 4 * 1024 * 1024,
    });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });
  afterAll(async () => {
    await app.close();
    await log.close();
  });

  it("takes Falco's alerts at the root and by name, with the same id", async () => {
    const payload = JSON.stringify(alert('a'));
    const root = await app.inject({ method: 'POST', url: '/', headers: { 'content-type': 'application/json' }, payload });
    const named = await app.inject({ method: 'POST', url: '/v1/sources/falco', headers: { 'content-type': 'application/json' }, payload });
    expect(root.statusCode).toBe(200);
    expect(root.headers['content-type']).toContain('application/json');
    expect(named.json()).toEqual({ accepted: 1, duplicates: 1, ids: (root.json() as { ids: string[] }).ids, rejected: [] });
    expect(await topicLength(log)).toBe(1);
  });

  it('takes NDJSON', async () => {
    const payload = `${JSON.stringify(alert('b'))}\n${JSON.stringify(alert('c'))}\n`;
    const answer = await app.inject({ method: 'POST', url: '/v1/sources/falco', headers: { 'content-type': 'application/x-ndjson' }, payload });
    expect(answer.json()).toMatchObject({ accepted: 2 });
  });

  it('answers problems as application/problem+json', async () => {
    const answer = await app.inject({ method: 'POST', url: '/v1/sources/nope', payload: '{}' });
    expect(answer.statusCode).toBe(404);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toMatchObject({ status: 404, title: 'Not Found' });
  });

  it('answers an empty body with 400', async () => {
    expect((await app.inject({ method: 'POST', url: '/v1/sources/falco' })).json()).toMatchObject({
      status: 400,
      detail: expect.stringContaining('the body is empty'),
    });
  });

  it('reads the token and the mapping from the query', async () => {
    const body = '{"threat_id":2022,"level":"Critical","id":"x","cluster_name":"c","reported_timestamp":1789376491}';
    const headers = { 'content-type': 'text/plain; charset=us-ascii' };
    expect((await app.inject({ method: 'POST', url: '/v1/sources/neuvector?token=s3cret', headers, payload: body })).statusCode).toBe(200);
    expect((await app.inject({ method: 'POST', url: '/v1/sources/neuvector?token=a&token=b', headers, payload: body })).statusCode).toBe(401);
    const json = { 'content-type': 'application/json' };
    expect((await app.inject({ method: 'POST', url: '/v1/sources/generic?mapping=tocsin', headers: json, payload: '{"name":"x"}' })).statusCode).toBe(
      200,
    );
    expect((await app.inject({ method: 'POST', url: '/v1/sources/generic?mapping=nope', headers: json, payload: '{"name":"x"}' })).statusCode).toBe(
      400,
    );
  });

  it('takes CloudEvents in binary mode, whatever the content type of their data', async () => {
    const headers = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 'com.example.x', 'content-type': 'application/xml' };
    expect((await app.inject({ method: 'POST', url: '/v1/sources/cloudevents', headers, payload: '<x/>' })).statusCode).toBe(200);
  });

  it('keeps with a dead letter what is needed to send it again', async () => {
    const before = await topicLength(log, Topic.DeadLetters);
    const headers = { 'ce-specversion': '1.0', 'ce-id': '', 'content-type': 'text/plain' };
    const answer = await app.inject({ method: 'POST', url: '/v1/sources/cloudevents?mapping=m', headers, payload: 'x' });
    expect(answer.statusCode).toBe(400);
    const letters = await readTopic(log, Topic.DeadLetters, before + 1);
    const letter = letters.find((record) => record.headers['tocsin.source'] === 'cloudevents');
    expect(letter?.headers).toMatchObject({ 'ce-specversion': '1.0', 'content-type': 'text/plain', 'tocsin.mapping': 'm' });
  });
});
