import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { fakeJira, type FakeJira } from './jira.js';

const AUTHORIZATION = 'Basic dGVzdA==';
const ADF = { type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text: 'x' }] }] };
const ANN = { accountId: 'ann', displayName: 'Ann' };

describe('the fake of Jira Cloud', () => {
  let fake: FakeJira;
  let now = 1_000_000;
  beforeEach(async () => {
    fake = await fakeJira({ flavor: 'cloud', authorization: AUTHORIZATION, indexLagMs: 30_000, now: () => now, secret: 'secret' });
  });
  afterEach(() => fake.close());

  async function ask(
    method: string,
    path: string,
    body?: object,
    authorization = AUTHORIZATION,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${fake.url}/rest/api/3${path}`, {
      method,
      headers: { authorization },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
  }
  const fields = { project: { key: 'SEC' }, issuetype: { name: 'Task' }, summary: 'x', description: ADF, labels: ['a'] };
  const jql = 'project = "SEC" AND labels = "a" ORDER BY created ASC';

  it('refuses who is not authenticated', async () => {
    expect((await ask('GET', '/myself', undefined, 'Basic x')).status).toBe(401);
  });

  // https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-post
  it.each([
    ['without a summary', { summary: undefined }, 'summary'],
    ['with a summary of two lines', { summary: 'a\nb' }, 'summary'],
    ['with one that is too long', { summary: 'x'.repeat(256) }, 'summary'],
    ['with a text that is no document', { description: 'x' }, 'description'],
    [
      'with an empty text in a document',
      { description: { ...ADF, content: [{ type: 'paragraph', content: [{ type: 'text', text: '' }] }] } },
      'description',
    ],
    ['with a label of two words', { labels: ['a b'] }, 'labels'],
    ['with a priority that it does not have', { priority: { name: 'P1' } }, 'priority'],
    ['with a field that is not on the screen', { customfield_1: 'x' }, 'customfield_1'],
    ['in another project', { project: { key: 'NONE' } }, 'project'],
  ])('refuses a ticket %s, and names the field', async (_what, wrong, field) => {
    const { status, body } = await ask('POST', '/issue', { fields: { ...fields, ...wrong } });
    expect([status, Object.keys(body['errors'] as object)]).toEqual([400, [field]]);
    expect(fake.issues).toEqual([]);
  });

  // https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-attachments/#api-rest-api-3-issue-issueidorkey-attachments-post
  it('takes an attachment as a form that says that it is no cross-site request, and shows it with its ticket', async () => {
    await ask('POST', '/issue', { fields });
    const send = (headers: Record<string, string>) => {
      const body = new FormData();
      body.set('file', new Blob(['abc']), 'a.txt');
      return fetch(`${fake.url}/rest/api/3/issue/SEC-1/attachments`, { method: 'POST', headers: { authorization: AUTHORIZATION, ...headers }, body });
    };
    expect((await send({})).status).toBe(403);
    expect((await send({ 'x-atlassian-token': 'no-check' })).status).toBe(200);
    expect((await ask('GET', '/issue/SEC-1?fields=attachment')).body).toMatchObject({ fields: { attachment: [{ filename: 'a.txt', size: 3 }] } });
  });

  // https://developer.atlassian.com/changelog/#CHANGE-2046
  it('searches by /search/jql alone, bounded, with the fields that are named and without a total, later than it was written', async () => {
    await ask('POST', '/issue', { fields });
    expect((await ask('POST', '/search', { jql })).status).toBe(410);
    expect((await ask('POST', '/search/jql', { jql: 'ORDER BY created' })).status).toBe(400);
    expect((await ask('POST', '/search/jql', { jql, fields: ['labels'] })).body).toEqual({ issues: [], isLast: true });
    now += 30_000;
    const { body } = await ask('POST', '/search/jql', { jql, fields: ['labels'] });
    expect((body['issues'] as { fields: object }[]).map((issue) => Object.keys(issue.fields))).toEqual([['labels']]);
    expect(body).not.toHaveProperty('total');
  });

  // https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-transitions-get
  it('has the transitions of the status that a ticket is in, and no others', async () => {
    await ask('POST', '/issue', { fields });
    const { body } = await ask('GET', '/issue/SEC-1/transitions');
    const [first] = body['transitions'] as { id: string; to: { statusCategory: { key: string } } }[];
    expect(first?.to.statusCategory.key).toBe('indeterminate');
    expect((await ask('POST', '/issue/SEC-1/transitions', { transition: { id: '999' } })).status).toBe(400);
    expect((await ask('POST', '/issue/SEC-1/transitions', { transition: { id: first?.id } })).status).toBe(204);
    expect((await ask('POST', '/issue/SEC-1/transitions', { transition: { id: first?.id } })).status).toBe(400);
  });

  it('does not know what was deleted', async () => {
    await ask('POST', '/issue', { fields });
    fake.remove('SEC-1');
    expect((await ask('GET', '/issue/SEC-1')).status).toBe(404);
  });

  // https://developer.atlassian.com/cloud/jira/platform/webhooks/#secure-admin-webhooks
  it('signs what it says back', async () => {
    await ask('POST', '/issue', { fields });
    const { headers, body } = fake.move('SEC-1', 'Erledigt', ANN);
    expect(headers['x-hub-signature']).toBe(`sha256=${createHmac('sha256', 'secret').update(body).digest('hex')}`);
    expect(JSON.parse(body.toString())).toMatchObject({ webhookEvent: 'jira:issue_updated', user: ANN, issue: { key: 'SEC-1' } });
  });

  it('loses answers after it did what was asked, and cuts before', async () => {
    fake.misbehave((_request, index) => (index === 0 ? 'lost reply' : 'reset'));
    await expect(ask('POST', '/issue', { fields })).rejects.toThrow();
    await expect(ask('POST', '/issue', { fields })).rejects.toThrow();
    expect(fake.issues).toHaveLength(1);
  });
});

// https://developer.atlassian.com/server/jira/platform/rest/v10002/api-group-search/
it('the fake of Jira Data Center takes wiki text, and searches with a total', async () => {
  const fake = await fakeJira({ flavor: 'datacenter', authorization: 'Bearer x' });
  const ask = async (path: string, body: object): Promise<[number, Record<string, unknown>]> => {
    const response = await fetch(`${fake.url}/rest/api/2${path}`, {
      method: 'POST',
      headers: { authorization: 'Bearer x' },
      body: JSON.stringify(body),
    });
    return [response.status, (await response.json()) as Record<string, unknown>];
  };
  const fields = { project: { key: 'SEC' }, issuetype: { name: 'Task' }, summary: 'x', labels: ['a'] };
  expect((await ask('/issue', { fields: { ...fields, description: ADF } }))[0]).toBe(400);
  expect((await ask('/issue', { fields: { ...fields, description: 'h1. x' } }))[0]).toBe(201);
  const [, found] = await ask('/search', { jql: 'project = "SEC" AND labels = "a" ORDER BY created ASC', fields: ['status'] });
  expect(found).toMatchObject({ total: 1, startAt: 0 });
  await fake.close();
});
