import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Topic, directed, openEmbeddedLog, topicSpecs, type EventLog, type LogRecord } from '@tocsin/event-log';
import { openServedApi, type ServedApi } from './access/testing.js';
import { actionExample } from './resources/action-examples.js';
import { incidentExample } from './resources/examples.js';

interface Event {
  event?: string;
  id?: string;
  data?: string;
}

/** Reads server-sent events as https://html.spec.whatwg.org/multipage/server-sent-events.html says, as far as we send them. */
class Reader {
  lastId = '';
  readonly #chunks: AsyncIterator<string>;
  #text = '';

  constructor(response: Response) {
    this.#chunks = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  }

  /** The next event that has data; undefined when the stream has ended. */
  async next(): Promise<Event | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end === -1) {
        const { done, value } = await this.#chunks.next();
        if (done === true) return undefined;
        this.#text += value;
        continue;
      }
      const fields = Object.fromEntries(
        this.#text
          .slice(0, end)
          .split('\n')
          .map((line) => line.split(/: (.*)/s).slice(0, 2)),
      ) as Event;
      this.#text = this.#text.slice(end + 2);
      if (fields.id !== undefined) this.lastId = fields.id;
      if (fields.data !== undefined) return fields;
    }
  }
}

const incident = (parts: object = {}): LogRecord => ({ key: 'k', headers: {}, value: Buffer.from(JSON.stringify({ ...incidentExample, ...parts })) });
const action = (parts: object = {}): LogRecord => ({ key: 'k', headers: {}, value: Buffer.from(JSON.stringify({ ...actionExample, ...parts })) });

describe('GET /v1/events', () => {
  let log: EventLog;
  let api: ServedApi;
  const open: AbortController[] = [];
  beforeEach(async () => {
    log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics(topicSpecs(3));
    api = await openServedApi({ log, protection: { by: 'token', token: 'b00tstrap' } });
  });
  afterEach(async () => {
    for (const one of open.splice(0)) one.abort();
    await api.close();
    await log.close();
  });

  const get = (query: string, { token = 'b00tstrap', after = '', url = api.url } = {}): Promise<Response> => {
    const aborted = new AbortController();
    open.push(aborted);
    const headers = { authorization: `Bearer ${token}`, ...(after !== '' && { 'last-event-id': after }) };
    return fetch(`${url}/v1/events${query}`, { headers, signal: aborted.signal });
  };
  const read = async (query = '', options = {}): Promise<Reader> => {
    const response = await get(query, options);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    return new Reader(response);
  };

  it('tells changes of incidents and actions as they happen', async () => {
    const reader = await read();
    await log.append(Topic.Incidents, [incident({ version: 7 })]);
    expect(await reader.next()).toMatchObject({ event: 'incident', data: JSON.stringify({ ...incidentExample, version: 7 }) });
    await log.append(Topic.Actions, [action()]);
    const told = await reader.next();
    expect(told).toMatchObject({ event: 'action' });
    expect(JSON.parse(told?.data ?? '')).toEqual(actionExample);
  });

  it('tells what is asked for alone', async () => {
    const readers = [await read('?type=action'), await read('?severity=critical'), await read('?incident=this')];
    await log.append(Topic.Incidents, [incident({ id: 'other', severity_id: 2 }), incident({ id: 'this', severity_id: 2 })]);
    await log.append(Topic.Actions, [action({ incident: 'this', severity_id: 5 })]);
    expect((await readers[0]?.next())?.event).toBe('action');
    expect((await readers[1]?.next())?.event).toBe('action');
    expect([(await readers[2]?.next())?.event, (await readers[2]?.next())?.event].toSorted((a = '', b = '') => a.localeCompare(b))).toEqual([
      'action',
      'incident',
    ]);
  });

  it('goes on where a reader was, also at another replica', async () => {
    const other = await openServedApi({ log, protection: { by: 'token', token: 'b00tstrap' } });
    const [first, elsewhere] = [await read(), await read('', { url: other.url })];
    await log.append(Topic.Incidents, [incident({ version: 1 })]);
    await first.next();
    await log.append(Topic.Incidents, [incident({ version: 2 })]);
    const versionOf = async (reader: Reader): Promise<unknown> => JSON.parse((await reader.next())?.data ?? '{}').version;
    expect([await versionOf(elsewhere), await versionOf(elsewhere)]).toEqual([1, 2]);
    const back = await read('?for=0', { after: first.lastId, url: other.url });
    expect(await versionOf(back)).toBe(2);
    expect(await back.next()).toBeUndefined();
    await other.close();
  });

  it.each(['i0.0_i1.0_i2.0_a0.0', 'nonsense'])('says so when what was missed is no longer known: after %s', async (after) => {
    const reader = await read(`?for=0&after=${after}`);
    expect(await reader.next()).toMatchObject({ event: 'reset' });
    expect(await reader.next()).toBeUndefined();
    expect(reader.lastId).toMatch(/^a0\.0_a1\.0/);
  });

  it('does not tell what is sent again to one receiver, nor what is no incident', async () => {
    const reader = await read();
    await log.append(Topic.Incidents, [directed(incident(), 'notifier.soc', 'redelivery'), { key: 'k', headers: {}, value: Buffer.from('{') }]);
    await log.append(Topic.Incidents, [incident({ version: 9 })]);
    expect(JSON.parse((await reader.next())?.data ?? '{}')).toMatchObject({ version: 9 });
  });

  it('ends when the service stops', async () => {
    const reader = await read();
    await Promise.all([api.close(), expect(reader.next()).resolves.toBeUndefined()]);
  });

  it('refuses one who has too many open, until one has ended', async () => {
    const answers = await Promise.all(Array.from({ length: 51 }, () => get('')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(50);
    const refused = answers.find(({ status }) => status === 429);
    expect(await refused?.json()).toMatchObject({ detail: expect.stringContaining('has 50 streams open') });
    expect(refused?.headers.get('retry-after')).toBe('10');
    await answers.find(({ status }) => status === 200)?.body?.cancel();
    for (let status = 429; status !== 200;) ({ status } = await get('?for=0'));
  });
});
