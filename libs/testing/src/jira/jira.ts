import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { adfMistake, adfText } from './adf.js';
import { fileOf } from './form.js';

export interface JiraIssue {
  id: string;
  key: string;
  fields: Record<string, unknown>;
  /** Id of its status. */
  status: string;
  assignee: JiraUser | null;
  resolution: string | null;
  comments: { id: string; author: JiraUser; text: string; writtenAt: number }[];
  attachments: { filename: string; content: Buffer }[];
  /** When it was last written, milliseconds since 1970: searches see it so much later. */
  writtenAt: number;
}

export interface JiraUser {
  accountId?: string;
  name?: string;
  displayName: string;
}

/** How Jira misbehaves with one request. */
export type JiraFault = 'lost reply' | 'reset' | { status: number; headers?: Record<string, string>; body?: object };

export interface FakeJiraOptions {
  flavor: 'cloud' | 'datacenter';
  project?: string;
  /** `Authorization` that is taken. */
  authorization: string;
  /** For so long a search misses what was written. */
  indexLagMs?: number;
  now?(): number;
  /** Secret of the webhooks. */
  secret?: string;
  /** Whether the workflow has a way to done. */
  canEnd?: boolean;
  /** Permissions that the account lacks. */
  lacks?: readonly string[];
  /** Fields that tickets must have beside summary. */
  required?: readonly string[];
  /** Larger attachments are refused. */
  maxAttachmentBytes?: number;
}

export interface FakeJira {
  url: string;
  issues: JiraIssue[];
  /** Method and path of each request, in order. */
  requests: string[];
  me: JiraUser;
  misbehave(decide: (request: string, index: number) => JiraFault | undefined): void;
  /** What a person does in Jira; gives the webhook that Jira would send. */
  move(key: string, statusName: string, by: JiraUser): JiraWebhook;
  assign(key: string, to: JiraUser | null, by: JiraUser): JiraWebhook;
  comment(key: string, text: string, by: JiraUser): JiraWebhook;
  /** Deletes it, or hides it from the user of the API: both look the same. Gives what undoes it. */
  remove(key: string): () => void;
  close(): Promise<void>;
}

export interface JiraWebhook {
  headers: Record<string, string>;
  body: Buffer;
}

const STATUSES: Record<string, { name: string; category: { key: string; name: string }; to: string[] }> = {
  '1': { name: 'To Do', category: { key: 'new', name: 'To Do' }, to: ['3', '5'] },
  '3': { name: 'In Bearbeitung', category: { key: 'indeterminate', name: 'In Progress' }, to: ['1', '5'] },
  '5': { name: 'Erledigt', category: { key: 'done', name: 'Done' }, to: ['3'] },
};
const KNOWN_FIELDS = new Set(['project', 'issuetype', 'summary', 'description', 'labels', 'priority', 'components', 'customfield_10042']);
const PRIORITIES = ['Highest', 'High', 'Medium', 'Low', 'Lowest'];
const SUMMARY_MAX = 255;
/** However many are asked for. */
const PAGE_MAX = 100;
const TEXT_MAX = 32_767;

/**
 * A strict fake of Jira Cloud (REST v3) and Data Center (v2), of what a channel needs of them.
 * - Create, edit, transitions, comments: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/
 *   and https://developer.atlassian.com/server/jira/platform/rest/
 * - Cloud searches by /search/jql alone: bounded JQL, fields by name, no `total`; /search is gone (410):
 *   https://developer.atlassian.com/changelog/#CHANGE-2046
 * - Texts are ADF in v3 and wiki text in v2. Which transitions there are depends on the status.
 * - The index lags behind what was written: https://support.atlassian.com/jira/kb/issue-search-consistency/
 * - Webhooks that have a secret are signed: https://developer.atlassian.com/cloud/jira/platform/webhooks/#secure-admin-webhooks
 */
export async function fakeJira(options: FakeJiraOptions): Promise<FakeJira> {
  const {
    flavor,
    project = 'SEC',
    authorization,
    indexLagMs = 0,
    now = () => Date.now(),
    secret = '',
    canEnd = true,
    lacks = [],
    required = [],
    maxAttachmentBytes = 10_485_760,
  } = options;
  const cloud = flavor === 'cloud';
  const base = cloud ? '/rest/api/3' : '/rest/api/2';
  const issues: JiraIssue[] = [];
  const requests: string[] = [];
  const me: JiraUser = cloud ? { accountId: '5b10-tocsin', displayName: 'Tocsin' } : { name: 'tocsin', displayName: 'Tocsin' };
  let decide: (request: string, index: number) => JiraFault | undefined = () => undefined;
  let url = '';

  const find = (idOrKey: string): JiraIssue | undefined => issues.find(({ id, key }) => id === idOrKey || key === idOrKey);
  const errors = (fields: Record<string, string>, messages: string[] = []): [number, object] => [400, { errorMessages: messages, errors: fields }];
  const missing = (): [number, object] => [404, { errorMessages: ['Issue does not exist or you do not have permission to see it.'], errors: {} }];

  const fieldsMistake = (fields: Record<string, unknown>): Record<string, string> | undefined => {
    const wrong: Record<string, string> = {};
    for (const [name, value] of Object.entries(fields)) {
      if (!KNOWN_FIELDS.has(name)) wrong[name] = `Field '${name}' cannot be set. It is not on the appropriate screen, or unknown.`;
      if (name === 'summary' && (typeof value !== 'string' || value === '' || value.length > SUMMARY_MAX || /[\r\n]/.test(value)))
        wrong[name] = 'The summary is invalid because it is empty, too long, or contains newline characters.';
      if (name === 'description' && textMistake(value, cloud) !== undefined) wrong[name] = String(textMistake(value, cloud));
      if (name === 'labels' && (!Array.isArray(value) || value.some((label) => typeof label !== 'string' || /\s/.test(label) || label.length > 255)))
        wrong[name] = 'The label contains spaces which is invalid.';
      if (name === 'priority' && !PRIORITIES.includes((value as { name?: string }).name ?? '')) wrong[name] = 'The priority selected is invalid.';
    }
    return Object.keys(wrong).length === 0 ? undefined : wrong;
  };

  const commentShown = ({ id, author, text, writtenAt }: JiraIssue['comments'][number]): object => ({
    id,
    author,
    body: cloud ? { type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text }] }] } : text,
    created: new Date(writtenAt).toISOString().replace('Z', '+0000'),
  });

  const shown = (issue: JiraIssue, names?: readonly string[]): object => {
    const status = STATUSES[issue.status] as (typeof STATUSES)[string];
    const comments = issue.comments.map((comment) => commentShown(comment));
    const all: Record<string, unknown> = {
      ...issue.fields,
      comment: { comments, total: comments.length },
      attachment: issue.attachments.map(({ filename, content }, index) => ({ id: String(index + 1), filename, size: content.byteLength })),
      status: { id: issue.status, name: status.name, statusCategory: status.category },
      assignee: issue.assignee,
      resolution: issue.resolution === null ? null : { name: issue.resolution },
      updated: new Date(issue.writtenAt).toISOString().replace('Z', '+0000'),
    };
    const fields = names === undefined ? all : Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
    return { id: issue.id, key: issue.key, self: `${url}${base}/issue/${issue.id}`, fields };
  };

  const create = (body: { fields?: Record<string, unknown> }): [number, object] => {
    const fields = body.fields ?? {};
    const wrong = fieldsMistake(fields) ?? {};
    if ((fields['project'] as { key?: string } | undefined)?.key !== project) wrong['project'] = 'valid project is required';
    if ((fields['issuetype'] as { name?: string } | undefined)?.name !== 'Task') wrong['issuetype'] = 'Specify a valid issue type';
    if (fields['summary'] === undefined) wrong['summary'] = 'You must specify a summary of the issue.';
    if (Object.keys(wrong).length > 0) return errors(wrong);
    const number = issues.length + 1;
    const issue: JiraIssue = {
      id: String(10_000 + number),
      key: `${project}-${number}`,
      fields,
      status: '1',
      assignee: null,
      resolution: null,
      comments: [],
      attachments: [],
      writtenAt: now(),
    };
    issues.push(issue);
    return [201, { id: issue.id, key: issue.key, self: `${url}${base}/issue/${issue.id}` }];
  };

  const search = (body: { jql?: string; fields?: string[]; maxResults?: number; nextPageToken?: string; startAt?: number }): [number, object] => {
    const jql = /^project = "([A-Z]+)" AND labels = "([^"\s]+)"(?: AND updated >= "?-(\d+)m"?)? ORDER BY created ASC$/.exec(body.jql ?? '');
    if (jql === null) return errors({}, ['Unbounded JQL queries are not allowed here. Please add a search restriction to your query.']);
    const [, inProject, label, minutes] = jql;
    const found = issues.filter(
      ({ fields, writtenAt }) =>
        inProject === project &&
        (fields['labels'] as string[] | undefined)?.includes(label ?? '') === true &&
        now() - writtenAt >= indexLagMs &&
        (minutes === undefined || now() - writtenAt <= Number(minutes) * 60_000),
    );
    const size = Math.min(body.maxResults ?? 50, PAGE_MAX);
    const from = cloud ? Number(Buffer.from(body.nextPageToken ?? '', 'base64').toString() || '0') : (body.startAt ?? 0);
    const page = found.slice(from, from + size).map((issue) => shown(issue, body.fields ?? []));
    if (!cloud) return [200, { issues: page, startAt: from, maxResults: size, total: found.length }];
    const isLast = from + size >= found.length;
    return [200, { issues: page, isLast, ...(!isLast && { nextPageToken: Buffer.from(String(from + size)).toString('base64') }) }];
  };

  const onIssue = (
    method: string,
    issue: JiraIssue,
    { rest, query }: { rest: string; query: URLSearchParams },
    body: Record<string, unknown>,
  ): [number, object?] => {
    const status = STATUSES[issue.status] as (typeof STATUSES)[string];
    const ways = status.to.filter((to) => canEnd || STATUSES[to]?.category.key !== 'done');
    const transitions = ways.map((to) => ({
      id: `${issue.status}${to}`,
      name: `→ ${STATUSES[to]?.name}`,
      to: { id: to, name: STATUSES[to]?.name, statusCategory: STATUSES[to]?.category },
    }));
    if (method === 'GET' && rest === '') return [200, query.get('expand') === 'transitions' ? { ...shown(issue), transitions } : shown(issue)];
    if (method === 'PUT' && rest === '') {
      const fields = (body['fields'] ?? {}) as Record<string, unknown>;
      const wrong = fieldsMistake(fields);
      if (wrong !== undefined) return errors(wrong);
      Object.assign(issue.fields, fields);
      issue.writtenAt = now();
      return [204];
    }
    if (method === 'POST' && rest === '/attachments') {
      const { filename, content } = body as { filename?: string; content?: Buffer };
      if (filename === undefined || content === undefined) return [400, { errorMessages: ['No file was sent.'], errors: {} }];
      if (content.byteLength > maxAttachmentBytes) return [413, { errorMessages: ['The attachment is too large.'], errors: {} }];
      issue.attachments.push({ filename, content });
      return [200, [{ id: String(issue.attachments.length), filename, size: content.byteLength }]];
    }
    if (method === 'GET' && rest === '/transitions') return [200, { transitions }];
    if (method === 'POST' && rest === '/transitions') {
      const chosen = transitions.find(({ id }) => id === (body['transition'] as { id?: string } | undefined)?.id);
      if (chosen === undefined)
        return errors({}, ['It seems that you have tried to perform a workflow operation that is not valid for the current state of this issue.']);
      issue.status = chosen.to.id;
      issue.resolution = chosen.to.statusCategory?.key === 'done' ? 'Done' : null;
      issue.writtenAt = now();
      return [204];
    }
    if (method === 'GET' && rest.startsWith('/comment')) {
      const comments = issue.comments.map((comment) => commentShown(comment));
      return [200, { comments: comments.toReversed(), total: comments.length }];
    }
    if (method === 'POST' && rest === '/comment') {
      const wrong = textMistake(body['body'], cloud);
      if (wrong !== undefined) return errors({ comment: wrong });
      issue.writtenAt = now();
      const text = cloud ? adfText(body['body']) : String(body['body']);
      issue.comments.push({ id: String(issue.comments.length + 1), author: me, text, writtenAt: now() });
      return [201, { id: String(issue.comments.length) }];
    }
    return [405, {}];
  };

  /** https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-createmeta-projectidorkey-issuetypes-get */
  const meta = (path: string): [number, object] | undefined => {
    if (path.startsWith('/mypermissions?')) {
      const query = new URLSearchParams(path.slice(path.indexOf('?')));
      if (query.get('projectKey') !== project)
        return [404, { errorMessages: [`No project could be found with key '${query.get('projectKey')}'.`], errors: {} }];
      const names = (query.get('permissions') ?? '').split(',');
      // Cloud answers what it is asked for alone, and wants to be asked.
      if (cloud && names[0] === '') return [400, { errorMessages: ["The 'permissions' query parameter is required."], errors: {} }];
      return [200, { permissions: Object.fromEntries(names.map((name) => [name, { id: '1', key: name, havePermission: !lacks.includes(name) }])) }];
    }
    const [, key, type] = /^\/issue\/createmeta\/([^/?]+)\/issuetypes(?:\/([^/?]+))?(?:\?|$)/.exec(path) ?? [];
    const page = <T>(name: string, values: T[]): object => ({ startAt: 0, maxResults: 200, total: values.length, [cloud ? name : 'values']: values });
    if (key !== undefined && key !== project) return [404, { errorMessages: ['The project does not exist.'], errors: {} }];
    if (key !== undefined && type === undefined) return [200, page('issueTypes', [{ id: '10001', name: 'Task', subtask: false }])];
    if (key !== undefined) {
      const fields = [...KNOWN_FIELDS, ...required].map((fieldId) => ({
        fieldId,
        name: fieldId,
        required: ['project', 'issuetype', 'summary', ...required].includes(fieldId),
        hasDefaultValue: false,
        ...(fieldId === 'priority' && { allowedValues: PRIORITIES.map((name) => ({ name })) }),
        ...(fieldId === 'components' && { allowedValues: [{ name: 'Security' }] }),
      }));
      return [200, page('fields', fields)];
    }
    if (path !== `/project/${project}/statuses`) return undefined;
    const statuses = Object.entries(STATUSES).filter(([, { category }]) => canEnd || category.key !== 'done');
    return [
      200,
      [{ id: '10001', name: 'Task', statuses: statuses.map(([id, { name, category }]) => ({ id, name, statusCategory: category })) }] as object,
    ];
  };

  const answerOf = (method: string, path: string, body: Record<string, unknown>): [number, object?] => {
    if (path === '/serverInfo') return [200, { deploymentType: cloud ? 'Cloud' : 'Server', version: cloud ? '1001.0.0' : '10.3.0', baseUrl: url }];
    if (path === '/myself') return [200, me];
    if (method === 'POST' && path === '/issue') return create(body);
    if (method === 'POST' && path === '/search/jql') return cloud ? search(body) : [404, {}];
    if (method === 'POST' && path === '/search')
      return cloud
        ? [410, { errorMessages: ['The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.'] }]
        : search(body);
    const about = method === 'GET' ? meta(path) : undefined;
    if (about !== undefined) return about;
    const [, key, rest = '', query = ''] = /^\/issue\/([^/?]+)([^?]*)(?:\?(.*))?$/.exec(path) ?? [];
    if (key === undefined) return [404, {}];
    const issue = find(decodeURIComponent(key));
    return issue === undefined ? missing() : onIssue(method, issue, { rest, query: new URLSearchParams(query) }, body);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const sent = Buffer.concat(chunks);
    const path = (request.url ?? '').slice(base.length);
    const name = `${request.method} ${path}`;
    const fault = decide(name, requests.length);
    requests.push(name);
    if (fault === 'reset') return void response.destroy();
    if (typeof fault === 'object')
      return void response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers }).end(JSON.stringify(fault.body ?? {}));
    if (!(request.url ?? '').startsWith(`${base}/`)) return void response.writeHead(404).end();
    if (path !== '/serverInfo' && request.headers.authorization !== authorization)
      return void response.writeHead(401).end('{"message":"Client must be authenticated to access this resource."}');
    const isFile = path.endsWith('/attachments');
    if (isFile && request.headers['x-atlassian-token'] !== 'no-check') return void response.writeHead(403).end('XSRF check failed');
    const json = isFile || sent.byteLength === 0 ? {} : (JSON.parse(sent.toString('utf8')) as object);
    const given = isFile ? await fileOf(request.headers, sent) : json;
    const [status, body] = answerOf(request.method ?? '', path, { ...given });
    if (fault === 'lost reply') return void response.destroy();
    response.writeHead(status, { 'content-type': 'application/json' }).end(body === undefined ? undefined : JSON.stringify(body));
  };
  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const webhook = (event: string, issue: JiraIssue, by: JiraUser, more: object): JiraWebhook => {
    const body = Buffer.from(JSON.stringify({ timestamp: now(), webhookEvent: event, user: by, issue: shown(issue), ...more }));
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    return { headers: { 'content-type': 'application/json', 'x-hub-signature': signature, 'x-atlassian-webhook-identifier': randomUUID() }, body };
  };
  const must = (key: string): JiraIssue => {
    const issue = find(key);
    if (issue === undefined) throw new Error(`There is no ${key}.`);
    issue.writtenAt = now();
    return issue;
  };
  return {
    url,
    issues,
    requests,
    me,
    misbehave(next) {
      decide = next;
    },
    move(key, statusName, by) {
      const issue = must(key);
      const [id, status] = Object.entries(STATUSES).find(([, { name }]) => name === statusName) as [string, (typeof STATUSES)[string]];
      const from = STATUSES[issue.status]?.name;
      issue.status = id;
      issue.resolution = status.category.key === 'done' ? 'Done' : null;
      return webhook('jira:issue_updated', issue, by, { changelog: { items: [{ field: 'status', fromString: from, toString: statusName }] } });
    },
    assign(key, to, by) {
      const issue = must(key);
      issue.assignee = to;
      return webhook('jira:issue_updated', issue, by, { changelog: { items: [{ field: 'assignee', toString: to?.displayName ?? null }] } });
    },
    comment(key, text, by) {
      const issue = must(key);
      const comment = { id: String(issue.comments.length + 1), author: by, text, writtenAt: now() };
      issue.comments.push(comment);
      const body = cloud ? { type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text }] }] } : text;
      return webhook('comment_created', issue, by, { comment: { id: comment.id, author: by, body } });
    },
    remove(key) {
      const [issue] = issues.splice(issues.indexOf(must(key)), 1) as [JiraIssue];
      return () => void issues.push(issue);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function textMistake(value: unknown, cloud: boolean): string | undefined {
  if (cloud)
    return adfMistake(value) === undefined ? tooLong(adfText(value)) : `Operation value must be an Atlassian Document (it ${adfMistake(value)}).`;
  return typeof value === 'string' ? tooLong(value) : 'Operation value must be a string';
}

function tooLong(text: string): string | undefined {
  return text.length > TEXT_MAX ? `The entered text is too long. It exceeds the allowed limit of ${TEXT_MAX} characters.` : undefined;
}
