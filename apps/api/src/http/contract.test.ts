// Every operation of the OpenAPI document, as the document alone says it: what is right, wrong, forbidden and not there.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  changeCase,
  claimCase,
  claimCommand,
  insertActions,
  insertDeadLetters,
  insertViolations,
  putPolicies,
  putSilence,
  upsertIncidents,
} from '@tocsin/store';
import { openApi, type Answer, type ApiUnderTest } from '../access/testing.js';
import { actionExample } from '../resources/action-examples.js';
import { incidentExample, silenceExample, violationExample } from '../resources/examples.js';
import { openApiDocument } from './openapi.js';
import { SCHEMAS } from './routes/index.js';

interface Operation {
  operationId: string;
  description: string;
  parameters: { name: string; in: string; example?: unknown }[];
  requestBody?: { content: { 'application/json': { examples: { shop: { value: object } } } } };
  responses: Record<string, { content?: Record<string, { schema?: { $ref: string } }> }>;
}

const BOOTSTRAP = 'b00tstrap';
const { paths } = openApiDocument() as { paths: Record<string, Record<string, Operation>> };
const OPERATIONS = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => [operation.operationId, { method: method.toUpperCase(), path, operation }] as const),
);
type Case = (typeof OPERATIONS)[number][1];

/** Some are known by two names. */
const addressOf = (path: string, id: string): string =>
  (id.includes('/') ? path.replace(/\{kind\}\/\{name\}|\{subscription\}\/\{subject\}/, id) : path).replaceAll(/\{\w+\}/g, id);

/** Ids that there are, by the first part of the path; operations on others are answered with 404. */
const PRESENT: Record<string, string> = {
  violations: violationExample.id,
  incidents: incidentExample.id,
  silences: silenceExample.id,
  actions: actionExample.id,
  commands: 'c-1',
  'dead-letters': '0-1',
  policies: 'CorrelationRule/shell',
  cases: `jira/${incidentExample.id}`,
};
/** Without these they are refused, or do not end. */
const QUERIES: Record<string, string> = { listEvidence: `?incident=${incidentExample.id}`, streamEvents: '?for=0' };
/** What the example says makes no sense as the incident stands, or needs a second one. */
const SENSELESS = new Set(['reopenIncident', 'mergeIncident', 'redriveDeadLetter', 'forgetCase']);

describe('the API, as its document has it', () => {
  let api: ApiUnderTest;
  const tokens: Record<string, string> = {};
  beforeAll(async () => {
    api = await openApi({ protection: { by: 'token', token: BOOTSTRAP }, perMinute: 100_000 });
    const { db } = api.store;
    await insertViolations(db, [violationExample]);
    await upsertIncidents(db, [{ incident: { ...incidentExample, status: 'open' }, home: 't/0', dueAt: null }]);
    await putSilence(db, silenceExample);
    const rule = { name: 'shell', mode: 'enabled', file: 'f', line: 1, hash: 'h', document: '{}', loadedAt: violationExample.time } as const;
    await putPolicies(db, 'CorrelationRule', [rule]);
    await insertActions(db, [{ action: actionExample, work: {}, holds: false, disrupts: false, dueAt: null }]);
    const { time } = violationExample;
    await claimCommand(db, { id: 'c-1', target: 'incident', targetId: incidentExample.id, time, outcome: 'applied', message: '' });
    const letter = { stage: 's', reason: 'r', component: 'c', message: 'm', key: 'k', headers: {} };
    await insertDeadLetters(db, [{ ...letter, id: '0-1', time, value: Buffer.from('x') }]);
    const key = { subscription: 'jira', subject: incidentExample.id };
    await claimCase(db, key, { by: 'test', now: time, until: time });
    await changeCase(db, key, 'test', { state: 'orphaned', reason: 'gone' }, time);
    const wanted = {
      viewer: { role: 'viewer' },
      listing: { role: 'admin', operations: ['listTokens'] },
      others: { role: 'admin', operations: ['getCommand'] },
      spare: { role: 'viewer' },
    };
    for (const [name, body] of Object.entries(wanted)) {
      const made = await api.send('POST', '/v1/tokens', { token: BOOTSTRAP, body: { name, ...body } });
      tokens[name] = String(made.body['token']);
      PRESENT['tokens'] = String(made.body['id']);
    }
  });
  afterAll(() => api.close());

  const example = ({ operation }: Case): object | undefined => operation.requestBody?.content['application/json'].examples.shop.value;

  function send({ method, path, operation }: Case, { id = '', query = '', token = BOOTSTRAP as string | null, body = undefined as unknown }) {
    const url = `${addressOf(path, id)}${query}`;
    const sent = operation.requestBody === undefined ? undefined : body;
    return api.send(method, url, { ...(token !== null && { token }), ...(sent !== undefined && { body: sent }) });
  }

  /** The answer is one that the document has, and looks as it says. */
  function expectDocumented({ operation }: Case, { status, headers, body }: Answer): void {
    expect(Object.keys(operation.responses)).toContain(String(status));
    const content = operation.responses[String(status)]?.content ?? {};
    const [mediaType] = String(headers['content-type']).split(';') as [string];
    const name = content[mediaType]?.schema?.$ref.split('/').at(-1) as keyof typeof SCHEMAS | undefined;
    expect(Object.keys(content)).toContain(mediaType);
    if (name !== undefined) expect(SCHEMAS[name].parse(body)).toEqual(body);
  }

  describe.each(OPERATIONS)('%s', (operationId, one) => {
    const { operation, path, method } = one;
    const byId = path.includes('{');
    const open = operation.description.startsWith('Needs no login');
    const id = PRESENT[path.split('/')[2] ?? ''] ?? '';

    it('answers what is right', async () => {
      const token = operationId === 'makeSession' ? { token: tokens['viewer'] } : undefined;
      const soon =
        operationId === 'makeSilence' ? { ...example(one), starts_at: '2026-09-14T15:00:00Z', ends_at: '2026-09-14T16:00:00Z' } : undefined;
      const present = PRESENT[path.split('/')[2] ?? ''] ?? (byId ? 'absent' : '');
      const query = QUERIES[operationId] ?? '';
      const answer = await send(one, { id: present, query, body: token ?? soon ?? example(one) });
      expectDocumented(one, answer);
      if (present !== 'absent' && !SENSELESS.has(operationId)) expect(answer.status).toBeLessThan(300);
    });

    it('refuses a parameter that there is not, and names it', async () => {
      const answer = await send(one, { id: id || 'absent', query: '?nonsense=1', body: example(one) });
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ parameter: 'nonsense' }] } });
      expectDocumented(one, answer);
    });

    if (operation.requestBody !== undefined) {
      it('refuses a field that there is not, and what is no JSON', async () => {
        const wrong = await send(one, { id: id || 'absent', body: { ...example(one), nonsense: 1 } });
        expect(wrong).toMatchObject({ status: 400, body: { errors: expect.arrayContaining([expect.objectContaining({ parameter: 'nonsense' })]) } });
        expectDocumented(one, wrong);
        const none = await api.send(method, addressOf(path, id || 'absent'), {
          token: BOOTSTRAP,
          headers: { 'content-type': 'text/plain' },
        });
        expect(none.status).toBe(415);
        expectDocumented(one, none);
      });
    }

    if (operation.responses['304'] !== undefined && PRESENT[path.split('/')[2] ?? ''] !== undefined) {
      it('sends nothing that is known already', async () => {
        const url = addressOf(path, id);
        const first = await api.send(method, url, { token: BOOTSTRAP });
        const etag = String(first.headers['etag']);
        for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
          const again = await api.send(method, url, { token: BOOTSTRAP, headers: { 'if-none-match': known } });
          expect(again).toMatchObject({ status: 304, body: {}, headers: { etag } });
        }
        expect(await api.send(method, url, { token: BOOTSTRAP, headers: { 'if-none-match': '"other"' } })).toEqual({
          ...first,
          headers: expect.anything(),
        });
      });
    }

    if (byId) {
      it('says that there is none of an unknown id', async () => {
        const answer = await send(one, { id: 'absent', body: example(one) });
        expect(answer.status).toBe(404);
        expectDocumented(one, answer);
      });
    }

    if (!open) {
      it('refuses who shows nothing, and who may not', async () => {
        const nobody = await send(one, { id: id || 'absent', token: null, body: example(one) });
        expect(nobody.status).toBe(401);
        expectDocumented(one, nobody);
        const other = await send(one, {
          id: id || 'absent',
          token: tokens[operationId === 'listTokens' ? 'others' : 'listing'] ?? '',
          body: example(one),
        });
        expect(other.status).toBe(403);
        expectDocumented(one, other);
      });
    }
  });
});
