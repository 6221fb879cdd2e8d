import { resolveSecret } from '@tocsin/extension';
import type { CaseFile } from '../../cases/attachments.js';
import type { ChannelDeps } from '../channel.js';
import { oneLine, shorten } from '../../formats/text.js';
import { Credentials } from '../credentials.js';
import { jsonOf } from '../http-channel.js';
import { judge, redactUrl, type Failed, type HttpSender } from '../http.js';
import type { ServicenowConfig } from './config.js';

/** A column as `sysparm_display_value=all` gives it. */
export interface Column {
  value: string;
  display_value: string;
}
export type Row = Record<string, Column>;

export interface Refused {
  failure: Failed;
  /** Whether the request may have had its effect all the same: the answer was lost, or the instance failed on its way. */
  uncertain: boolean;
  /** There is no such record, or the user may not see it. */
  gone: boolean;
  /** Of the instance's own answer, where there was one. */
  status?: number;
}

/** What a transform map made of what it was sent. */
interface ImportedRow {
  transform_map?: string;
  table?: string;
  status?: string;
  sys_id?: string;
  status_message?: string;
  error_message?: string;
}

const REFUSED = { uncertain: false, gone: false };
const TICKET =
  'sys_id,number,state,correlation_id,correlation_display,assigned_to,close_code,close_notes,sys_updated_on,sys_updated_by,sys_mod_count';

/** A body that is a file, not JSON. */
class Uploaded {
  readonly mediaType: string;
  readonly bytes: Buffer;

  constructor(mediaType: string, bytes: Buffer) {
    this.mediaType = mediaType;
    this.bytes = bytes;
  }
}

/** The Table API, https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html. */
export class TableApi {
  readonly #config: ServicenowConfig;
  readonly #http: HttpSender;
  readonly #deps: ChannelDeps;
  readonly #credentials: Credentials;
  readonly #base: string;

  constructor(config: ServicenowConfig, http: HttpSender, deps: ChannelDeps) {
    this.#config = config;
    this.#http = http;
    this.#deps = deps;
    this.#base = config.instance.replace(/\/+$/, '');
    const { basic, oauth2 } = config.auth;
    const auth = oauth2 === undefined ? { basic } : { oauth2: { ...oauth2, tokenUrl: `${this.#base}/oauth_token.do` } };
    this.#credentials = new Credentials(auth, http, deps.now, 'body');
  }

  create(table: string, fields: Record<string, string>, signal: AbortSignal): Promise<{ row: Row } | Refused> {
    return this.#one('POST', table, undefined, fields, TICKET, signal);
  }

  update(table: string, sysId: string, fields: Record<string, string>, signal: AbortSignal): Promise<{ row: Row } | Refused> {
    return this.#one('PATCH', table, sysId, fields, TICKET, signal);
  }

  /**
   * Writes through a staging table and its transform map, https://www.servicenow.com/docs/r/api-reference/rest-apis/c_ImportSetAPI.html,
   * and gives the sys_id of the record that it made or changed. The answer is a success also where the transform failed.
   */
  async import(staging: string, table: string, fields: Record<string, string>, signal: AbortSignal): Promise<{ sysId: string } | Refused> {
    const answered = await this.#ask('POST', `${this.#base}/api/now/import/${staging}`, {}, fields, signal);
    if (!('result' in answered)) return answered;
    if (!Array.isArray(answered.result)) return this.#notAnswer();
    const rows = answered.result as ImportedRow[];
    const row = rows.find((one) => one.table === table);
    if (row === undefined) {
      const message = `${staging} has no transform map to ${table}`;
      return { failure: { ok: false, retry: true, reason: 'config', message }, ...REFUSED };
    }
    // `ignored` is also what a change is that changes nothing; then it names the record.
    if (typeof row.sys_id === 'string' && ['inserted', 'updated', 'ignored'].includes(row.status ?? '')) return { sysId: row.sys_id };
    const said = shorten(oneLine(row.error_message ?? row.status_message ?? ''), 300);
    const message = `The transform map ${row.transform_map ?? ''} of ${staging} answered "${row.status ?? ''}": ${said}`;
    return { failure: { ok: false, retry: false, reason: 'client_error', message }, ...REFUSED };
  }

  read(table: string, sysId: string, signal: AbortSignal, more = ''): Promise<{ row: Row } | Refused> {
    return this.#one('GET', table, sysId, undefined, TICKET + more, signal);
  }

  /**
   * Attaches it, unless a file of its name is there; false where the instance takes no such file,
   * https://www.servicenow.com/docs/r/api-reference/rest-apis/c_AttachmentAPI.html.
   */
  async attach(table: string, sysId: string, { name, mediaType, bytes }: CaseFile, signal: AbortSignal): Promise<{ taken: boolean } | Refused> {
    const address = `${this.#base}/api/now/attachment`;
    const query = `table_name=${table}^table_sys_id=${sysId}^file_name=${name}`;
    const there = await this.#ask('GET', address, { sysparm_query: query, sysparm_limit: '1' }, undefined, signal);
    if (!('result' in there)) return there;
    if (Array.isArray(there.result) && there.result.length > 0) return { taken: true };
    const content = new Uploaded(mediaType, bytes);
    const sent = await this.#ask('POST', `${address}/file`, { table_name: table, table_sys_id: sysId, file_name: name }, content, signal);
    if ('result' in sent) return { taken: true };
    return sent.status !== undefined && [400, 403, 413, 415].includes(sent.status) ? { taken: false } : sent;
  }

  /** `query` is an encoded one; a condition on a column that is not there is ignored, so look at what comes. */
  async find(table: string, query: string, limit: number, signal: AbortSignal, columns = TICKET): Promise<{ rows: Row[] } | Refused> {
    const parameters = { sysparm_query: query, sysparm_limit: String(limit), sysparm_fields: columns };
    const answered = await this.#ask('GET', `${this.#base}/api/now/table/${table}`, parameters, undefined, signal);
    if (!('result' in answered)) return answered;
    return Array.isArray(answered.result) ? { rows: answered.result as Row[] } : this.#notAnswer();
  }

  async #one(
    method: 'GET' | 'POST' | 'PATCH',
    table: string,
    sysId: string | undefined,
    fields: Record<string, string> | undefined,
    columns: string,
    signal: AbortSignal,
  ): Promise<{ row: Row } | Refused> {
    const url = `${this.#base}/api/now/table/${table}${sysId === undefined ? '' : `/${encodeURIComponent(sysId)}`}`;
    const input = this.#config.displayValues && method !== 'GET' ? { sysparm_input_display_value: 'true' } : {};
    const answered = await this.#ask(method, url, { sysparm_fields: columns, ...input }, fields, signal);
    if (!('result' in answered)) return answered;
    const row = answered.result as Row | null;
    return typeof row === 'object' && row !== null && typeof row['sys_id']?.value === 'string' ? { row } : this.#notAnswer();
  }

  async #ask(
    method: 'GET' | 'POST' | 'PATCH',
    address: string,
    parameters: Record<string, string>,
    body: object | undefined,
    signal: AbortSignal,
  ): Promise<{ result: unknown } | Refused> {
    const shown = await this.#authorization(signal);
    if ('failure' in shown) return { failure: shown.failure, ...REFUSED };
    const query = new URLSearchParams({ ...parameters, sysparm_display_value: 'all', sysparm_exclude_reference_link: 'true' });
    const [mediaType, bytes] =
      body instanceof Uploaded ? [body.mediaType, body.bytes] : ['application/json', body && Buffer.from(JSON.stringify(body))];
    const headers = { accept: 'application/json', 'content-type': mediaType, 'user-agent': 'Tocsin', ...shown.headers };
    const url = `${address}?${query.toString()}`;
    const request = { method, url, headers, ...(bytes !== undefined && { body: bytes }) };
    const exchanged = await this.#http.exchange(request, signal);
    if ('failure' in exchanged) {
      const { failure } = exchanged;
      return { failure, uncertain: failure.reason === 'timeout' || failure.reason === 'connection', gone: false };
    }
    const { answer } = exchanged;
    const outcome = judge(url, answer, this.#deps.now());
    if (outcome.ok && answer.status !== 204) {
      const json = (await jsonOf(answer)) as { result?: unknown } | undefined;
      return json?.result === undefined ? this.#notAnswer() : { result: json.result };
    }
    if (answer.status === 401) this.#credentials.refused();
    const problem = await problemOf(answer);
    return outcome.ok ? this.#notAnswer() : this.#refusal(answer.status, outcome, problem);
  }

  #refusal(status: number, outcome: Failed, { message, detail }: { message: string; detail: string }): Refused {
    const said = shorten(oneLine([message, detail].filter((part) => part !== '').join(': ')), 300);
    const failure: Failed = said === '' ? outcome : { ...outcome, message: `${outcome.message} (${said})` };
    // Of this record alone: a rule or a policy of the instance does not take it as it is.
    if (status === 403 && /Business Rule|Data Policy/i.test(detail))
      return { failure: { ...failure, retry: false, reason: 'client_error' }, ...REFUSED, status };
    if (status === 400 && /Invalid (staging )?table/i.test(message)) return { failure: { ...failure, retry: true, reason: 'config' }, ...REFUSED };
    return { failure, uncertain: status >= 500 || status === 408, gone: status === 404, status };
  }

  /** An instance that sleeps answers everything with 200 and a page; so do some proxies. Nothing was done. */
  #notAnswer(): Refused {
    const message = `${redactUrl(this.#base)} answered with something else than the Table API does; the instance may be hibernating, or "instance" is not its address`;
    return { failure: { ok: false, retry: true, reason: 'server_error', message }, ...REFUSED };
  }

  async #authorization(signal: AbortSignal): Promise<{ headers: Record<string, string> } | { failure: Failed }> {
    const { apiKey } = this.#config.auth;
    if (apiKey === undefined) return this.#credentials.headers(signal);
    try {
      return { headers: { [apiKey.header]: await resolveSecret(apiKey.key) } };
    } catch (error) {
      return { failure: { ok: false, retry: true, reason: 'config', message: (error as Error).message } };
    }
  }
}

async function problemOf(answer: Parameters<typeof jsonOf>[0]): Promise<{ message: string; detail: string }> {
  const { error } = ((await jsonOf(answer)) ?? {}) as { error?: { message?: unknown; detail?: unknown } };
  const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
  return { message: textOf(error?.message), detail: textOf(error?.detail) };
}
