import { afterEach, describe, expect, it } from '@jest/globals';
import { fakeServiceNow, type FakeServiceNow, type FakeServiceNowOptions } from './instance.js';

const TABLE_API = 'https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html';
const FAQ = 'https://support.servicenow.com/kb?id=kb_article_view&sysparm_article=KB0534905';
const RATE = 'https://www.servicenow.com/docs/r/api-reference/rest-api-explorer/inbound-REST-API-rate-limiting.html';
const LIMITS = 'https://support.servicenow.com/kb?id=kb_article_view&sysparm_article=KB3046852';
const ACL = 'https://support.servicenow.com/kb?id=kb_article_view&sysparm_article=KB2971488';
const IMPORT = 'https://www.servicenow.com/docs/r/api-reference/rest-apis/c_ImportSetAPI.html';
const ATTACHMENTS = 'https://www.servicenow.com/docs/r/api-reference/rest-apis/c_AttachmentAPI.html';
const OAUTH = 'https://www.servicenow.com/docs/r/api-reference/rest-api-explorer/r_RESTOAuthExample.html';
const STATES = 'https://support.servicenow.com/kb?id=kb_article_view&sysparm_article=KB0564465';
const QUERIES = 'https://community.servicenow.com/community/develop/blog/authors/catie.carmody';
const BASIC = { basic: { username: 'tocsin', password: 'secret' } };
const AUTHORIZATION = `Basic ${Buffer.from('tocsin:secret').toString('base64')}`;

describe('the fake of ServiceNow', () => {
  let instance: FakeServiceNow;
  const open = async (options: Partial<FakeServiceNowOptions> = {}): Promise<void> => {
    instance = await fakeServiceNow({ auth: BASIC, ...options });
  };
  afterEach(() => instance.close());

  async function ask(method: string, path: string, body?: object, headers: Record<string, string> = { authorization: AUTHORIZATION }) {
    const response = await fetch(`${instance.url}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
    const text = await response.text();
    const json = response.headers.get('content-type') === 'application/json' ? (JSON.parse(text) as Record<string, never>) : {};
    return { status: response.status, headers: response.headers, text, result: json['result'] as never as Record<string, string>, json };
  }
  const create = async (fields: object = {}) => (await ask('POST', '/api/now/table/incident', fields)).result;
  const at = (sysId: string | undefined, query = ''): string => `/api/now/table/incident/${sysId}${query}`;

  it(`creates with 201, reads and changes with 200 (${TABLE_API})`, async () => {
    await open();
    const created = await ask('POST', '/api/now/table/incident', { short_description: 'x', urgency: '1', impact: '2' });
    expect(created).toMatchObject({ status: 201, result: { short_description: 'x', state: '1', active: 'true', sys_mod_count: '0' } });
    expect(created.result['number']).toMatch(/^INC\d+$/);
    const { sys_id: id } = created.result;
    expect(await ask('PATCH', at(id), { state: '2' })).toMatchObject({ status: 200, result: { state: '2', sys_mod_count: '1' } });
    expect((await ask('GET', at(id, '?sysparm_fields=state,number'))).result).toEqual({ state: '2', number: created.result['number'] });
    expect((await ask('GET', '/api/now/table/incident?sysparm_limit=1')).result).toHaveLength(1);
  });

  it(`computes the priority of urgency and impact, and cuts what is too long (${STATES})`, async () => {
    await open();
    const created = await create({ urgency: '1', impact: '2', priority: '5', short_description: 'é'.repeat(500) });
    expect(created).toMatchObject({ priority: '2' });
    expect(created['short_description']).toHaveLength(160);
  });

  it(`answers 404 for a record that is gone or hidden, 400 for a table that is not there (${TABLE_API})`, async () => {
    await open();
    expect(await ask('PATCH', at('0123456789abcdef0123456789abcdef'), {})).toMatchObject({ status: 404, json: { status: 'failure' } });
    expect(await ask('GET', '/api/now/table/nothing')).toMatchObject({ status: 400, json: { error: { message: 'Invalid table nothing' } } });
  });

  it(`imports through a staging table: 201 whatever the transform map made of it, which its status says (${IMPORT})`, async () => {
    await open({ importSets: { u_tocsin: { table: 'incident', prefix: 'u_', coalesces: true } } });
    const send = async (body: object) => await ask('POST', '/api/now/import/u_tocsin', body);
    const made = await send({ u_short_description: 'x', u_correlation_id: 'c', u_nonsense: 'y', short_description: 'z' });
    expect(made).toMatchObject({ status: 201, json: { staging_table: 'u_tocsin', result: [{ table: 'incident', status: 'inserted' }] } });
    expect(instance.tables.get('incident')).toMatchObject([{ short_description: 'x', correlation_id: 'c' }]);
    const [first] = made.json['result'] as unknown as [{ sys_id: string }];
    const again = await send({ u_short_description: 'w', u_correlation_id: 'c' });
    expect(again).toMatchObject({ status: 201, json: { result: [{ status: 'updated', sys_id: first.sys_id }] } });
    instance.abort(() => "Operation against file 'incident' was aborted by Business Rule 'Sundays'");
    const failed = await send({ u_correlation_id: 'd' });
    expect(failed).toMatchObject({ status: 201, json: { result: [{ status: 'error', error_message: expect.stringContaining('Sundays') }] } });
    expect(instance.tables.get('incident')).toHaveLength(1);
    expect(await ask('POST', '/api/now/import/u_other', {})).toMatchObject({ status: 400 });
  });

  it(`keeps attachments of records that are there, and shows them by query (${ATTACHMENTS})`, async () => {
    await open({ maxAttachmentBytes: 3 });
    const { sys_id: id } = await create();
    const upload = (of: string | undefined, content: string) =>
      fetch(`${instance.url}/api/now/attachment/file?table_name=incident&table_sys_id=${of}&file_name=a.txt`, {
        method: 'POST',
        headers: { authorization: AUTHORIZATION, 'content-type': 'text/plain' },
        body: content,
      });
    const statuses = [await upload(id, 'abc'), await upload(id, 'abcd'), await upload('none', 'a')].map(({ status }) => status);
    expect(statuses).toEqual([201, 413, 404]);
    const found = await ask('GET', `/api/now/attachment?sysparm_query=table_sys_id=${id}^file_name=a.txt`);
    expect(found.result).toMatchObject([{ content_type: 'text/plain', size_bytes: '3' }]);
    expect((await ask('GET', '/api/now/attachment?sysparm_query=file_name=b.txt')).result).toEqual([]);
  });

  it(`shows journal fields in display values alone, and keeps them in sys_journal_field (${FAQ})`, async () => {
    await open();
    const { sys_id: id } = await create({ work_notes: 'first' });
    await ask('PATCH', at(id), { work_notes: 'second', comments: '' });
    expect((await ask('GET', at(id))).result['work_notes']).toBe('');
    const { result } = await ask('GET', at(id, '?sysparm_display_value=all&sysparm_fields=work_notes'));
    expect(result['work_notes']).toMatchObject({ value: '', display_value: expect.stringMatching(/second[^]*first/) });
    const entries = await ask(
      'GET',
      `/api/now/table/sys_journal_field?sysparm_query=element_id=${id}^elementINwork_notes,comments^valueSTARTSWITHsec`,
    );
    expect(entries.result).toMatchObject([{ value: 'second', element: 'work_notes', sys_created_by: 'tocsin' }]);
  });

  it(`ends an incident only with a close code and notes (${STATES})`, async () => {
    await open();
    const { sys_id: id } = await create();
    expect(await ask('PATCH', at(id), { state: '6', close_code: 'x' })).toMatchObject({
      status: 403,
      json: { error: { detail: expect.stringContaining('close_notes') } },
    });
    expect(await ask('PATCH', at(id), { state: '6', close_code: 'x', close_notes: 'y' })).toMatchObject({ result: { state: '6', active: 'true' } });
    expect(await ask('PATCH', at(id), { state: '7' })).toMatchObject({ result: { active: 'false' } });
  });

  it(`drops a condition on a column that is not there, and then finds too much (${QUERIES})`, async () => {
    await open({ renamed: ['correlation_id'] });
    await create({ correlation_id: 'a' });
    await create({ correlation_id: 'b' });
    expect((await ask('GET', '/api/now/table/incident?sysparm_query=correlation_id=a')).result).toHaveLength(2);
  });

  it(`leaves out without a word what the user may not write, and refuses tables by ACL (${ACL})`, async () => {
    await open({ readOnly: ['correlation_id'], tables: ['incident'] });
    expect(await ask('POST', '/api/now/table/incident', { correlation_id: 'a', nonsense: 1 })).toMatchObject({
      status: 201,
      result: { correlation_id: '' },
    });
    expect(await ask('POST', '/api/now/table/em_event', {})).toMatchObject({
      status: 403,
      json: { error: { detail: expect.stringContaining('security constraints') } },
    });
  });

  it(`says which business rule aborts a write (${TABLE_API})`, async () => {
    await open();
    instance.abort(() => "Operation against file 'incident' was aborted by Business Rule 'No incidents on Sundays'");
    expect(await ask('POST', '/api/now/table/incident', {})).toMatchObject({ status: 403, json: { error: { message: 'Operation Failed' } } });
    expect(instance.tables.get('incident')).toEqual([]);
  });

  it(`knows who asks by basic, by API key, or by a token of its own (${OAUTH})`, async () => {
    await open();
    expect(await ask('GET', '/api/now/table/incident', undefined, {})).toMatchObject({
      status: 401,
      json: { error: { message: 'User Not Authenticated' } },
    });
    await instance.close();
    await open({ auth: { apiKey: 'k' } });
    expect((await ask('GET', '/api/now/table/incident', undefined, { 'x-sn-apikey': 'k' })).status).toBe(200);
    await instance.close();
    let now = 0;
    await open({ auth: { client: { id: 'i', secret: 's', life: 10 } }, now: () => now });
    const token = (secret: string) =>
      fetch(`${instance.url}/oauth_token.do`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'i', client_secret: secret }),
      });
    expect((await token('wrong')).status).toBe(401);
    const { access_token: bearer } = (await (await token('s')).json()) as { access_token: string };
    const authorization = `Bearer ${bearer}`;
    expect((await ask('GET', '/api/now/table/incident', undefined, { authorization })).status).toBe(200);
    now = 10_001;
    expect((await ask('GET', '/api/now/table/incident', undefined, { authorization })).status).toBe(401);
  });

  it(`limits by rule with headers (${RATE}), and by a full queue without (${LIMITS})`, async () => {
    await open();
    instance.misbehave((_request, count) => (count === 0 ? 'rate limit' : 'queue full'));
    const { status, headers } = await ask('GET', '/api/now/table/incident');
    expect([status, headers.get('retry-after'), headers.get('x-ratelimit-limit')]).toEqual([429, '90', '100']);
    expect(headers.get('x-ratelimit-reset')).toMatch(/^\d{10}$/);
    const full = await ask('GET', '/api/now/table/incident');
    expect([full.status, full.headers.get('retry-after')]).toEqual([429, null]);
  });

  it('misbehaves as it is told: a lost reply has had its effect, a reset has not, a sleeping instance answers 200 with a page', async () => {
    await open();
    const faults = ['lost reply', 'reset', '500 after', 'hibernating'] as const;
    instance.misbehave((_request, count) => faults[count]);
    await expect(ask('POST', '/api/now/table/incident', { short_description: 'lost' })).rejects.toThrow();
    await expect(ask('POST', '/api/now/table/incident', { short_description: 'reset' })).rejects.toThrow();
    expect((await ask('POST', '/api/now/table/incident', { short_description: '500' })).status).toBe(500);
    expect(await ask('POST', '/api/now/table/incident', { short_description: 'asleep' })).toMatchObject({
      status: 200,
      text: expect.stringContaining('Hibernating'),
    });
    expect(instance.tables.get('incident')?.map((record) => record['short_description'])).toEqual(['lost', '500']);
  });

  it('shows what is new in queries only after a while, as a replica does', async () => {
    let now = 0;
    await open({ lagMs: 5_000, now: () => now });
    await create({ correlation_id: 'a' });
    const found = async () => (await ask('GET', '/api/now/table/incident?sysparm_query=correlation_id=a')).result;
    expect(await found()).toEqual([]);
    now = 5_000;
    expect(await found()).toHaveLength(1);
  });
});
