import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { importedAs, type ImportSet } from './import-set.js';
import { CHOICES, COLUMNS, GROUPS, JOURNALS, LENGTHS, find, glideTime, priorityOf, type JournalEntry, type ServiceNowRecord } from './tables.js';

/** How the instance misbehaves with one request. */
export type ServiceNowFault =
  /** It is done, and the answer is lost. */
  | 'lost reply'
  /** Nothing is done. */
  | 'reset'
  | 'hang'
  /** An instance of a developer that sleeps answers everything with a page: 200, text/html. */
  | 'hibernating'
  /** A rule of `sys_rate_limit_rules` is exceeded, with its headers. */
  | 'rate limit'
  /** The queue of the semaphore is full: 429 without headers. */
  | 'queue full'
  /** Done up to its end, then a business rule of somebody's throws: 500, and the record stays. */
  | '500 after'
  | { status: number; headers?: Record<string, string>; body?: string };

export interface ServiceNowAttachment {
  table_name: string;
  table_sys_id: string;
  file_name: string;
  content_type: string;
  content: Buffer;
}

export interface ServiceNowRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  body: Record<string, unknown>;
  /** Of an upload: what came, as it came. */
  file?: { type: string; content: Buffer };
}

export interface FakeServiceNow {
  /** Base of the instance. */
  url: string;
  tables: ReadonlyMap<string, ServiceNowRecord[]>;
  journal: JournalEntry[];
  requests: ServiceNowRequest[];
  attachments: ServiceNowAttachment[];
  /** What a person or a rule of the instance writes. */
  change(table: string, sysId: string, by: string, fields: ServiceNowRecord): void;
  /** Deletes it, or hides it by an ACL: both look the same. Gives what undoes it. */
  delete(table: string, sysId: string): () => void;
  /** Decides on each request; undefined: all is well. */
  misbehave(decide: (request: ServiceNowRequest, count: number) => ServiceNowFault | undefined): void;
  /** Why a business rule or data policy aborts a write; undefined: it does not. */
  abort(decide: (record: ServiceNowRecord) => string | undefined): void;
  close(): Promise<void>;
}

export interface FakeServiceNowOptions {
  auth: { basic: { username: string; password: string } } | { apiKey: string } | { client: { id: string; secret: string; life?: number } };
  /** Name of the user that requests are made as. */
  user?: string;
  /** Tables that this user may write. */
  tables?: readonly string[];
  /** Columns that this user may not write: they are left out without a word. */
  readOnly?: readonly string[];
  /** A table without this column, as after it was renamed. */
  renamed?: readonly string[];
  /** Tables whose rows this user may not read: they are left out of what is found. */
  hidden?: readonly string[];
  now?: () => number;
  /** Larger attachments are refused. */
  maxAttachmentBytes?: number;
  /** Staging tables by their names: to which table their transform map leads, and whether it coalesces on `correlation_id`. */
  importSets?: Readonly<Record<string, ImportSet>>;
  /** How long queries do not show what is new, as reads from a replica; milliseconds. */
  lagMs?: number;
}

/** Thrown to answer: the body is as the Table API writes errors. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly detail: string,
  ) {
    super(message);
  }
}

/**
 * A strict fake of a ServiceNow instance: the Table API with ACLs, mandatory fields, journal fields and the dropping of what it does not
 * know; OAuth, basic and API key. Every behaviour is held by a test that names where ServiceNow documents it.
 */
export async function fakeServiceNow(options: FakeServiceNowOptions): Promise<FakeServiceNow> {
  const { auth, user = 'tocsin', now = Date.now, lagMs = 0 } = options;
  const writable = options.tables ?? Object.keys(COLUMNS);
  const columnsOf = (table: string): readonly string[] => (COLUMNS[table] ?? []).filter((name) => !(options.renamed ?? []).includes(name));
  const tables = new Map<string, ServiceNowRecord[]>(Object.keys(COLUMNS).map((name) => [name, []]));
  const journal: JournalEntry[] = [];
  const requests: ServiceNowRequest[] = [];
  const attachments: ServiceNowAttachment[] = [];
  const tokens = new Map<string, number>();
  let decide: (request: ServiceNowRequest, count: number) => ServiceNowFault | undefined = () => undefined;
  let aborts: (record: ServiceNowRecord) => string | undefined = () => undefined;
  let numbers = 10_000;

  const isKnown = (headers: IncomingMessage['headers']): boolean => {
    if ('apiKey' in auth) return headers['x-sn-apikey'] === auth.apiKey;
    const authorization = headers.authorization ?? '';
    if ('basic' in auth) return authorization === `Basic ${Buffer.from(`${auth.basic.username}:${auth.basic.password}`).toString('base64')}`;
    return (tokens.get(authorization.slice('Bearer '.length)) ?? 0) > now();
  };

  /** https://www.servicenow.com/docs/r/api-reference/rest-api-explorer/r_RESTOAuthExample.html: the client's secret goes in the body. */
  const token = (form: URLSearchParams): object => {
    if (!('client' in auth)) throw new Refusal(401, 'access_denied', 'OAuth is not configured.');
    const { id, secret, life = 1_799 } = auth.client;
    if (form.get('grant_type') !== 'client_credentials' || form.get('client_id') !== id || form.get('client_secret') !== secret) {
      throw new Refusal(401, 'access_denied', 'server_error');
    }
    const made = randomBytes(32).toString('base64url');
    tokens.set(made, now() + life * 1_000);
    return { access_token: made, scope: 'useraccount', token_type: 'Bearer', expires_in: life };
  };

  const write = (table: string, record: ServiceNowRecord, fields: Record<string, unknown>, by: string): ServiceNowRecord => {
    const next = { ...record };
    const entries: JournalEntry[] = [];
    for (const [name, value] of Object.entries(fields)) {
      // What is no column, and what the user may not write, is left out, and the request succeeds.
      if (!columnsOf(table).includes(name) || (by === user && (options.readOnly ?? []).includes(name))) continue;
      if (name.startsWith('sys_') || name === 'number' || name === 'priority') continue;
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      if (JOURNALS.has(name)) {
        if (text === '') continue;
        const about = { element_id: record['sys_id'] ?? '', element: name, sys_created_on: glideTime(now()), sys_created_by: by };
        entries.push({ sys_id: sysId(), value: text, ...about });
      } else next[name] = text.slice(0, LENGTHS[name] ?? 255);
    }
    if (table !== 'em_event') {
      next['priority'] = priorityOf(next['impact'] ?? '3', next['urgency'] ?? '3');
      next['active'] = String(!['7', '8'].includes(next['state'] ?? ''));
      const ends = table === 'incident' && ['6', '7'].includes(next['state'] ?? '') && next['state'] !== record['state'];
      const missing = ['close_code', 'close_notes'].filter((name) => (next[name] ?? '') === '');
      if (ends && missing.length > 0) {
        throw new Refusal(403, 'Operation Failed', `Data Policy Exception: The following fields are mandatory: ${missing.join(', ')}`);
      }
    }
    const why = aborts(next);
    if (why !== undefined) throw new Refusal(403, 'Operation Failed', why);
    next['sys_mod_count'] = String(Number(record['sys_mod_count'] ?? '-1') + 1);
    next['sys_updated_on'] = glideTime(now());
    next['sys_updated_by'] = by;
    journal.push(...entries);
    return next;
  };

  const create = (table: string, fields: Record<string, unknown>): ServiceNowRecord => {
    const prefix = table === 'incident' ? 'INC' : 'SIR';
    const started = { sys_id: sysId(), sys_created_on: glideTime(now()), sys_created_by: user };
    const task = { number: `${prefix}00${(numbers += 1)}`, state: table === 'incident' ? '1' : '10', urgency: '3', impact: '3' };
    const made = write(table, table === 'em_event' ? started : { ...started, ...task }, fields, user);
    createdAt.set(made['sys_id'] ?? '', now());
    tables.get(table)?.push(made);
    return made;
  };
  const createdAt = new Map<string, number>();

  /** Journal fields read as nothing; with display values as all that was written, the newest first. */
  const shown = (table: string, record: ServiceNowRecord, query: URLSearchParams): Record<string, unknown> => {
    const asked = query.get('sysparm_fields')?.split(',');
    const display = query.get('sysparm_display_value');
    return Object.fromEntries(
      columnsOf(table)
        .filter((name) => asked === undefined || asked.includes(name))
        .map((name) => {
          const value = record[name] ?? '';
          const all = journal
            .filter((entry) => entry.element === name && entry.element_id === record['sys_id'])
            .map((entry) => `${entry.sys_created_on} - ${entry.sys_created_by} (${name})\n${entry.value}\n\n`)
            .toReversed()
            .join('');
          const display_value = JOURNALS.has(name) ? all : value;
          if (display === 'all') return [name, { display_value, value }];
          return [name, display === 'true' ? display_value : value];
        }),
    );
  };

  const rowsOf = (table: string): ServiceNowRecord[] => {
    if ((options.hidden ?? []).includes(table)) return [];
    if (table === 'sys_choice') return [...CHOICES];
    if (table === 'sys_user_group') return [...GROUPS];
    if (table === 'sys_dictionary') return Object.keys(COLUMNS).flatMap((name) => columnsOf(name).map((element) => ({ name, element })));
    if (table === 'sys_journal_field') return journal.map((entry) => ({ ...entry }));
    return (tables.get(table) ?? []).filter(({ sys_id: id = '' }) => (createdAt.get(id) ?? 0) + lagMs <= now());
  };

  /** https://www.servicenow.com/docs/r/api-reference/rest-apis/c_AttachmentAPI.html */
  const attach = ({ method, path, query, file }: ServiceNowRequest): { status: number; body: object } => {
    const shownAs = ({ content, ...rest }: ServiceNowAttachment): object => ({ ...rest, size_bytes: String(content.byteLength) });
    if (method === 'GET') {
      const wanted = (query.get('sysparm_query') ?? '').split('^').map((part) => part.split('=') as [keyof ServiceNowAttachment, string]);
      return { status: 200, body: { result: attachments.filter((one) => wanted.every(([name, value]) => one[name] === value)).map(shownAs) } };
    }
    const [table_name = '', table_sys_id = '', file_name = ''] = ['table_name', 'table_sys_id', 'file_name'].map((name) => query.get(name) ?? '');
    if (!path.endsWith('/file') || file === undefined || file_name === '') throw new Refusal(400, 'Invalid file_name or body', '');
    if (file.content.byteLength > (options.maxAttachmentBytes ?? 1_000_000_000)) throw new Refusal(413, 'The file is too large', '');
    if (!(tables.get(table_name) ?? []).some((row) => row['sys_id'] === table_sys_id)) throw new Refusal(404, 'No Record found', '');
    const made = { table_name, table_sys_id, file_name, content_type: file.type, content: file.content };
    attachments.push(made);
    return { status: 201, body: { result: { sys_id: sysId(), ...shownAs(made) } } };
  };

  const imports = (staging: string, body: Record<string, unknown>): object => {
    const set = options.importSets?.[staging];
    if (set === undefined) throw new Refusal(400, `Invalid staging table ${staging}`, '');
    const fields = importedAs(set, body, columnsOf(set.table));
    const rows = tables.get(set.table) ?? [];
    const index = set.coalesces ? rows.findIndex((row) => row['correlation_id'] === fields['correlation_id']) : -1;
    const before = rows[index];
    const answer = (row: object): object => ({
      import_set: 'ISET0010001',
      staging_table: staging,
      result: [{ transform_map: `${staging} to ${set.table}`, table: set.table, ...row }],
    });
    try {
      if (before !== undefined) rows.splice(index, 1, write(set.table, before, fields, user));
      const { sys_id: id = '', number = '' } = rows[index] ?? create(set.table, fields);
      const link = `https://instance.service-now.com/api/now/table/${set.table}/${id}`;
      const status = before === undefined ? 'inserted' : 'updated';
      return answer({ display_name: 'number', display_value: number, record_link: link, status, sys_id: id });
    } catch (error) {
      // The row of the staging table was made: that is what 201 says.
      if (error instanceof Refusal) return answer({ status: 'error', error_message: error.detail });
      throw error;
    }
  };

  const serve = (request: ServiceNowRequest): { status: number; body: object } => {
    const { method, path, query, body } = request;
    if (path.startsWith('/api/now/attachment')) return attach(request);
    const staging = /^\/api\/now\/import\/(\w+)$/.exec(path)?.[1];
    if (staging !== undefined && method === 'POST') return { status: 201, body: imports(staging, body) };
    const [, table = '', id] = /^\/api\/now\/table\/(\w+)(?:\/([0-9a-f]+))?$/.exec(path) ?? [];
    if (table === '') throw new Refusal(400, 'Requested URI does not represent any resource', path);
    if (COLUMNS[table] === undefined) throw new Refusal(400, `Invalid table ${table}`, '');
    if (method === 'GET' && id === undefined) {
      const found = find(rowsOf(table), columnsOf(table), query.get('sysparm_query') ?? '').slice(0, Number(query.get('sysparm_limit') ?? '10000'));
      return { status: 200, body: { result: found.map((record) => shown(table, record, query)) } };
    }
    const index = tables.get(table)?.findIndex((record) => record['sys_id'] === id) ?? -1;
    const record = tables.get(table)?.[index];
    if (id !== undefined && record === undefined) {
      throw new Refusal(404, 'No Record found', "Record doesn't exist or ACL restricts the record retrieval");
    }
    if (method === 'GET') return { status: 200, body: { result: shown(table, record ?? {}, query) } };
    if (!writable.includes(table)) throw new Refusal(403, 'Operation Failed', 'ACL Exception Insert Failed due to security constraints');
    if (method === 'POST') return { status: 201, body: { result: shown(table, create(table, body), query) } };
    if (method !== 'PATCH' || record === undefined) throw new Refusal(405, 'Method not allowed', method);
    const next = write(table, record, body, user);
    tables.get(table)?.splice(index, 1, next);
    return { status: 200, body: { result: shown(table, next, query) } };
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const content = Buffer.concat(chunks);
    const text = content.toString('utf8');
    const url = new URL(incoming.url ?? '', 'http://instance');
    const isToken = url.pathname === '/oauth_token.do';
    const isFile = url.pathname.endsWith('/attachment/file');
    const body = isToken || isFile || text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    const file = isFile ? { file: { type: incoming.headers['content-type'] ?? '', content } } : {};
    const request: ServiceNowRequest = { method: incoming.method ?? '', path: url.pathname, query: url.searchParams, body, ...file };
    const fault = decide(request, requests.length);
    requests.push(request);
    if (fault === 'reset') return void response.destroy();
    if (fault === 'hang') return;
    if (fault === 'hibernating') {
      return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html><title>Instance Hibernating page</title></html>');
    }
    if (fault === 'rate limit') {
      const reset = Math.ceil(now() / 1_000) + 90;
      const headers = { 'x-ratelimit-limit': '100', 'x-ratelimit-reset': String(reset), 'x-ratelimit-rule': sysId(), 'retry-after': '90' };
      return void response.writeHead(429, { 'content-type': 'application/json', ...headers }).end(errorBody('Rate limit exceeded', ''));
    }
    if (fault === 'queue full') return void response.writeHead(429, { 'content-type': 'text/html' }).end('<html>429</html>');
    if (typeof fault === 'object') return void response.writeHead(fault.status, fault.headers).end(fault.body);
    const answer = (status: number, json: string): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(json);
    try {
      if (isToken) return answer(200, JSON.stringify(token(new URLSearchParams(text))));
      if (!isKnown(incoming.headers)) throw new Refusal(401, 'User Not Authenticated', 'Required to provide Auth information');
      const served = serve(request);
      if (fault === 'lost reply') return void response.destroy();
      if (fault === '500 after') return answer(500, errorBody('Internal error', 'A business rule failed'));
      answer(served.status, JSON.stringify(served.body));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      answer(error.status, errorBody(error.message, error.detail));
    }
  };

  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tables,
    journal,
    requests,
    attachments,
    change(table, id, by, fields) {
      const rows = tables.get(table) ?? [];
      const index = rows.findIndex((record) => record['sys_id'] === id);
      const record = rows[index];
      if (record === undefined) throw new Error(`There is no ${table} ${id}.`);
      rows.splice(index, 1, write(table, record, fields, by));
    },
    delete(table, id) {
      const rows = tables.get(table) ?? [];
      const deleted = rows.splice(
        rows.findIndex((record) => record['sys_id'] === id),
        1,
      );
      return () => void rows.push(...deleted);
    },
    misbehave(next) {
      decide = next;
    },
    abort(next) {
      aborts = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** As the Table API writes errors. */
function errorBody(message: string, detail: string): string {
  return JSON.stringify({ error: { message, detail }, status: 'failure' });
}

function sysId(): string {
  return randomBytes(16).toString('hex');
}
