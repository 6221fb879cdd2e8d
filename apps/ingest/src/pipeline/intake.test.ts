import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Violation } from '@tocsin/domain';
import { LogUnavailable, readDeadLetter, RecordTooLarge, Topic } from '@tocsin/event-log';
import { alert, faulty, intakeOn, NOW, openTestLog, readTopic, testClock, topicLength, type FaultyLog } from './testing.js';

const down = () => new LogUnavailable('the broker is away');

describe('Intake', () => {
  let log: FaultyLog;
  beforeEach(async () => {
    log = faulty(await openTestLog());
  });
  afterEach(() => log.close());

  it('answers 200 with the ids after all is on the log, as one append', async () => {
    const { post } = intakeOn(log);
    const answer = await post(JSON.stringify([alert('a'), alert('b')]));
    expect(answer).toMatchObject({ status: 200, body: { accepted: 2, duplicates: 0, rejected: [] } });
    expect(log.appends).toBe(1);
    const records = await readTopic(log, Topic.Violations, 2);
    expect(records.map((record) => record.headers['ce_id'])).toEqual(answer.body['ids']);
    expect(records[0]).toMatchObject({ key: 'test/shop/web', headers: { ce_type: 'dev.tocsin.violation.v1', ce_source: '/tocsin/ingest/falco' } });
  });

  it('answers a repeat as accepted with the same id and appends it once', async () => {
    const { post } = intakeOn(log);
    const first = await post(JSON.stringify(alert('a')));
    for (let repeat = 0; repeat < 9; repeat++) {
      expect(await post(JSON.stringify(alert('a')))).toMatchObject({ status: 200, body: { accepted: 1, duplicates: 1, ids: first.body['ids'] } });
    }
    expect(await topicLength(log)).toBe(1);
  });

  it('counts a repeat within one body', async () => {
    const answer = await intakeOn(log).post(JSON.stringify([alert('a'), alert('a'), alert('b')]));
    expect(answer.body).toMatchObject({ accepted: 3, duplicates: 1 });
    expect(await topicLength(log)).toBe(2);
  });

  it('answers 503 while the log is away, and does not take what comes again for a repeat', async () => {
    const { post } = intakeOn(log);
    log.failing = down;
    expect(await post(JSON.stringify(alert('a')))).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    log.failing = undefined;
    expect((await post(JSON.stringify(alert('a')))).body).toMatchObject({ accepted: 1, duplicates: 0 });
  });

  it('forgets ids after the window', async () => {
    const clock = testClock();
    const { post } = intakeOn(log, { clock });
    await post(JSON.stringify(alert('a')));
    clock.ms += 600_001;
    expect((await post(JSON.stringify(alert('a')))).body).toMatchObject({ duplicates: 0 });
  });

  it('accepts the good items of a body and keeps the bad ones as dead letters', async () => {
    const answer = await intakeOn(log).post(`[${JSON.stringify(alert('a'))},{"priority":"Loud","rule":"x"}]`);
    expect(answer).toMatchObject({
      status: 200,
      body: { accepted: 1, rejected: [{ index: 1, field: 'priority', message: expect.stringContaining('"Loud"') }] },
    });
    const [letter] = await readTopic(log, Topic.DeadLetters, 1);
    expect(letter?.value.toString()).toBe('{"priority":"Loud","rule":"x"}');
    expect(readDeadLetter(letter!)).toMatchObject({
      stage: 'decode',
      reason: 'bad_input',
      component: 'falco',
      firstTime: new Date(NOW).toISOString(),
    });
  });

  it('answers 400 naming field and index when all is bad, and keeps the bytes', async () => {
    const { post } = intakeOn(log);
    expect(await post('{"priority":7}')).toMatchObject({
      status: 400,
      body: {
        title: 'Bad Request',
        detail: expect.stringMatching(/^"priority" of item 0 is not text, expected one of: .*dead letters\.$/),
        rejected: [{ index: 0, field: 'priority' }],
      },
    });
    expect(await post('not JSON')).toMatchObject({ status: 400 });
    expect((await readTopic(log, Topic.DeadLetters, 2)).map((letter) => letter.value.toString()).toSorted()).toEqual(['not JSON', '{"priority":7}']);
  });

  it('answers 503 when the bytes of a bad request cannot be kept', async () => {
    log.failing = down;
    expect((await intakeOn(log).post('not JSON')).status).toBe(503);
  });

  it('names the known sources for one that it does not know', async () => {
    expect(await intakeOn(log).post('{}', { source: 'falko' })).toMatchObject({
      status: 404,
      body: { detail: 'There is no source "falko"; did you mean "falco"? known: falco, cloudevents, generic, neuvector.' },
    });
  });

  it('lists the content types that it takes', async () => {
    expect(await intakeOn(log).post('{}', { headers: { 'content-type': 'application/xml; charset=utf-8' } })).toMatchObject({
      status: 415,
      body: {
        detail: expect.stringContaining('"application/xml" is not taken; accepted: application/json'),
        accepted: expect.arrayContaining(['application/json']),
      },
    });
    expect((await intakeOn(log).post(JSON.stringify(alert('a')), { headers: {} })).status).toBe(200);
  });

  it('takes gzip and stops at a bomb', async () => {
    const { post } = intakeOn(log, { limits: { maxBodyBytes: 10_000 } });
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    expect((await post(gzipSync(JSON.stringify(alert('a'))), { headers })).status).toBe(200);
    expect((await post(gzipSync(Buffer.alloc(5_000_000, ' ')), { headers })).status).toBe(413);
    expect((await post('not gzip', { headers })).status).toBe(400);
    expect((await post('x', { headers: { ...headers, 'content-encoding': 'br' } })).status).toBe(415);
  });

  it('answers 413 to a body of too many bytes or items and keeps none of it', async () => {
    const { post } = intakeOn(log, { limits: { maxBodyBytes: 2_000, maxItems: 3 } });
    expect((await post(' '.repeat(2_001))).status).toBe(413);
    expect(await post('[1,2,3,4]')).toMatchObject({ status: 413, body: { detail: 'The body holds more than 3 items; send smaller batches.' } });
    expect(await topicLength(log, Topic.DeadLetters)).toBe(0);
  });

  it('answers 429 past the rate, with the time to wait, per source', async () => {
    const clock = testClock();
    const { post } = intakeOn(log, { clock, limits: { itemsPerSecond: 1, burst: 2 } });
    expect((await post(JSON.stringify([alert('a'), alert('b'), alert('c'), alert('d')]))).status).toBe(200);
    expect(await post(JSON.stringify(alert('e')))).toMatchObject({ status: 429, headers: { 'retry-after': '3' } });
    expect((await post('{"name":"x"}', { source: 'generic' })).status).toBe(200);
    clock.ms += 3_000;
    expect((await post(JSON.stringify(alert('e')))).status).toBe(200);
  });

  it('answers 503 when too many bytes are in flight, and recovers', async () => {
    const { post } = intakeOn(log, { limits: { maxInFlightBytes: 400 } });
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((uuid) => post(JSON.stringify(alert(uuid)))));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 503, 503]);
    expect((await post(JSON.stringify(alert('c')))).status).toBe(200);
  });

  it('asks for the token of the source, in the URL only where a sensor has no header', async () => {
    const tokens = { shared: 'common', bySource: new Map([['neuvector', 'own']]) };
    const { post } = intakeOn(log, { tokens });
    const body = JSON.stringify(alert('a'));
    const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
    expect(await post(body)).toMatchObject({ status: 401, headers: { 'www-authenticate': expect.stringContaining('Bearer') } });
    expect((await post(body, bearer('wrong'))).status).toBe(401);
    expect((await post(body, { query: { token: 'common' } })).status).toBe(401);
    expect((await post(body, bearer('common'))).status).toBe(200);
    expect((await post('{}', { source: 'neuvector', ...bearer('common') })).status).toBe(401);
    expect((await post('{}', { source: 'neuvector', query: { token: 'own' } })).status).toBe(400);
    expect(JSON.stringify(await post(body, bearer('wrong')))).not.toContain('common');
  });

  it('takes nothing from web pages without a token', async () => {
    expect((await intakeOn(log).post(JSON.stringify(alert('a')), { headers: { origin: 'https://evil.example' } })).status).toBe(403);
  });

  it('replaces a time far in the future and says by how much, under the same id', async () => {
    const { post } = intakeOn(log);
    await post(JSON.stringify(alert('a', { time: '2026-09-14T16:00:00Z' })));
    const [record] = await readTopic(log, Topic.Violations, 1);
    const violation = JSON.parse(record!.value.toString()) as Violation;
    expect(violation).toMatchObject({ time: '2026-09-14T15:00:00.000Z', clock_skew_ms: 3_600_000 });
    await post(JSON.stringify(alert('b', { time: '1970-01-01T00:00:07Z' })));
    const records = (await readTopic(log, Topic.Violations, 2)).map((item) => JSON.parse(item.value.toString()) as Violation);
    expect(records.map((item) => item.clock_skew_ms)).toEqual(expect.arrayContaining([7_000 - NOW, 3_600_000]));
  });

  it('leaves out the raw text of what is too large for the log, and dead-letters what still is', async () => {
    const { post } = intakeOn(log);
    const tooLarge = (bytes: number) => (topic: string, records: readonly { value: Buffer }[]) =>
      topic === Topic.Violations && records.some(({ value }) => value.length > bytes) ? new RecordTooLarge(topic, 0, bytes) : undefined;
    log.failing = tooLarge(20_000);
    const big = alert('big', { output_fields: { 'proc.cmdline': 'x'.repeat(8_000) }, filler: 'y'.repeat(30_000) });
    expect((await post(JSON.stringify([alert('a'), big]))).body).toMatchObject({ accepted: 2, rejected: [] });
    const kept = (await readTopic(log, Topic.Violations, 2)).map((record) => JSON.parse(record.value.toString()) as Violation);
    expect(kept.find((violation) => violation.raw === '')).toMatchObject({ raw_truncated: true });
    log.failing = tooLarge(5_000);
    expect((await post(JSON.stringify([alert('b'), { ...big, uuid: 'big2' }]))).body).toMatchObject({
      accepted: 1,
      rejected: [{ index: 1, message: expect.stringContaining('too large') }],
    });
    expect(readDeadLetter((await readTopic(log, Topic.DeadLetters, 1))[0]!)).toMatchObject({ reason: 'too_large' });
  });

  it('answers NeuVector with exactly 200', async () => {
    const body = '{"threat_id":2022,"level":"Critical","id":"x","cluster_name":"c","reported_timestamp":1789376491}';
    expect((await intakeOn(log).post(body, { source: 'neuvector' })).status).toBe(200);
  });

  it("passes the caller's trace on, and nothing that is none", async () => {
    const { post } = intakeOn(log);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await post(JSON.stringify(alert('a')), { headers: { traceparent } });
    await post(JSON.stringify(alert('b')), { headers: { traceparent: 'x\r\ny' } });
    const traces = (await readTopic(log, Topic.Violations, 2)).map((record) => record.headers['traceparent']);
    expect(traces).toEqual([traceparent, undefined]);
  });
});
