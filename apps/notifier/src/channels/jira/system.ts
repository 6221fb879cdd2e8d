import { severityName } from '@tocsin/domain';
import type { Asked, CaseComment, CaseContent, CaseRef, CaseResolution, CaseStatus, CaseSubject, CaseSystem } from '../../cases/system.js';
import type { CaseFile } from '../../cases/attachments.js';
import { fillFields } from '../../cases/fields.js';
import type { Answered, JiraApi, JiraFailure } from './api.js';
import type { JiraConfig } from './config.js';
import { fromAdf, toAdf, toWiki } from './text.js';
import type { JiraIssue } from './webhook.js';

/** Every ticket of ours has it, so that those that changed can be asked for. */
export const COMMON_LABEL = 'tocsin';

/** By the category of a status: names are the project's, in its language. https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-status-categories/ */
const CATEGORY = { new: 'new', in_progress: 'indeterminate', done: 'done' } as const;

export const STATUS_OF: Readonly<Record<string, CaseStatus>> = { new: 'new', indeterminate: 'in_progress', done: 'done', undefined: 'new' };

const PAGE = 100;

interface Page {
  issues: JiraIssue[];
  nextPageToken?: string;
  total?: number;
}

interface Transition {
  id: string;
  to?: { statusCategory?: { key?: string } };
}

/** Jira as a ticket system. */
export class JiraSystem implements CaseSystem {
  readonly searchLagMs: number;
  readonly #config: JiraConfig;
  readonly #api: JiraApi;

  /** Told where a ticket was left. */
  readonly #left: (reference: string, status: CaseStatus) => Promise<void>;

  constructor(config: JiraConfig, api: JiraApi, left: (reference: string, status: CaseStatus) => Promise<void>) {
    this.#left = left;
    this.searchLagMs = config.searchLag;
    this.#config = config;
    this.#api = api;
  }

  async find(marker: string, signal: AbortSignal): Promise<Asked<CaseRef | undefined>> {
    const found = await this.search(`labels = "${marker}"`, ['labels'], 1, signal);
    if (!found.ok) return found;
    const [issue] = found.value;
    return { ok: true, value: issue === undefined ? undefined : this.#refOf(issue) };
  }

  async search(condition: string, fields: readonly string[], maxResults: number, signal: AbortSignal): Promise<Asked<JiraIssue[]>> {
    const page = await this.#page({ jql: this.#jql(condition), fields, maxResults }, signal);
    return page.ok ? { ok: true, value: page.value.issues } : page;
  }

  /** Cloud gives a token for the next page and no total, Data Center a total and no token. */
  async searchAll(condition: string, fields: readonly string[], pages: number, signal: AbortSignal): Promise<Asked<JiraIssue[]>> {
    const issues: JiraIssue[] = [];
    let next: { nextPageToken: string } | { startAt: number } | undefined;
    for (let page = 0; page < pages; page++) {
      const asked = await this.#page({ jql: this.#jql(condition), fields, maxResults: PAGE, ...next }, signal);
      if (!asked.ok) return asked;
      const { issues: some, nextPageToken, total = 0 } = asked.value;
      issues.push(...some);
      if (nextPageToken !== undefined) next = { nextPageToken };
      else if (some.length > 0 && issues.length < total) next = { startAt: issues.length };
      else break;
    }
    return { ok: true, value: issues };
  }

  #jql(condition: string): string {
    return `project = "${this.#config.project}" AND ${condition} ORDER BY created ASC`;
  }

  async #page(body: object, signal: AbortSignal): Promise<Asked<Page>> {
    const flavor = await this.#api.cloud(signal);
    if (!flavor.ok) return flavor;
    const asked = await this.#api.call('POST', flavor.cloud ? '/search/jql' : '/search', body, signal);
    if (!asked.ok) return asked;
    const { issues, ...rest } = (asked.body ?? {}) as Partial<Page>;
    return { ok: true, value: { ...rest, issues: Array.isArray(issues) ? issues : [] } };
  }

  async create(content: CaseContent, { marker, variables }: CaseSubject, signal: AbortSignal): Promise<Asked<CaseRef>> {
    const { project, issueType, labels, components } = this.#config;
    let fields: Record<string, unknown>;
    try {
      fields = fillFields(this.#config.fields, variables);
    } catch (error) {
      const message = `"fields" cannot be filled in: ${(error as Error).message}`;
      return { ok: false, failure: { ok: false, retry: true, reason: 'config', message, done: 'no' } };
    }
    const all = {
      ...fields,
      project: { key: project },
      issuetype: { name: issueType },
      labels: [COMMON_LABEL, marker, ...labels],
      ...(components.length > 0 && { components: components.map((name) => ({ name })) }),
      ...(await this.#fieldsOf(content, signal)),
    };
    const asked = await this.#api.call('POST', '/issue', { fields: all }, signal);
    if (!asked.ok) return { ok: false, failure: aboutConfiguration(asked.failure) };
    const issue = asked.body as JiraIssue | undefined;
    if (typeof issue?.id !== 'string' || typeof issue.key !== 'string') return unclear('its answer to a new ticket names none');
    return { ok: true, value: this.#refOf(issue) };
  }

  async update({ reference }: CaseRef, content: Partial<CaseContent>, signal: AbortSignal): Promise<Asked<void>> {
    return done(await this.#api.call('PUT', `/issue/${reference}`, { fields: await this.#fieldsOf(content, signal) }, signal));
  }

  async comment({ reference }: CaseRef, { key, text }: CaseComment, signal: AbortSignal): Promise<Asked<void>> {
    return done(await this.#api.call('POST', `/issue/${reference}/comment`, { body: await this.#text(`${text}\n(${key})`, signal) }, signal));
  }

  async hasComment({ reference }: CaseRef, key: string, signal: AbortSignal): Promise<Asked<boolean>> {
    const asked = await this.#api.call('GET', `/issue/${reference}/comment?orderBy=-created&maxResults=50`, undefined, signal);
    if (!asked.ok) return lostIfMissing(asked);
    const { comments } = (asked.body ?? {}) as { comments?: { body?: unknown }[] };
    // Wiki text has its marks escaped.
    return { ok: true, value: (comments ?? []).some(({ body }) => fromAdf(body).replaceAll('\\', '').includes(`(${key})`)) };
  }

  async attach({ reference }: CaseRef, file: CaseFile, signal: AbortSignal): Promise<Asked<boolean>> {
    const read = await this.#api.call('GET', `/issue/${reference}?fields=attachment`, undefined, signal);
    if (!read.ok) return lostIfMissing(read);
    const { fields } = (read.body ?? {}) as { fields?: { attachment?: { filename?: string }[] } };
    if (fields?.attachment?.some(({ filename }) => filename === file.name) === true) return { ok: true, value: true };
    const asked = await this.#api.upload(`/issue/${reference}/attachments`, file, signal);
    if (asked.ok) return { ok: true, value: true };
    // Of an issue that is there: attachments are switched off, not allowed to us, or this one is too large.
    return [400, 403, 404, 413].includes(asked.failure.status ?? 0) ? { ok: true, value: false } : asked;
  }

  async move({ reference }: CaseRef, to: CaseStatus, _resolution: CaseResolution | undefined, signal: AbortSignal): Promise<Asked<void>> {
    const read = await this.#api.call('GET', `/issue/${reference}?fields=status&expand=transitions`, undefined, signal);
    if (!read.ok) return lostIfMissing(read);
    const at = STATUS_OF[String(categoryOf(read.body))] ?? 'new';
    if (at === to) return this.#leave(reference, at);
    const { transitions = [] } = (read.body ?? {}) as { transitions?: Transition[] };
    const chosen = choose(transitions, to);
    // A workflow without such a way is the project's will: the comment says how the incident stands.
    if (chosen === undefined) return this.#leave(reference, at);
    const moved = await this.#api.call('POST', `/issue/${reference}/transitions`, { transition: { id: chosen.id } }, signal);
    if (moved.ok) return this.#leave(reference, STATUS_OF[String(chosen.to?.statusCategory?.key)] ?? to);
    // The way wants what we do not know, or somebody was faster: it stays where it is, as with a workflow without that way.
    if (moved.failure.status === 400 || moved.failure.status === 409) return this.#leave(reference, at);
    return lostIfMissing(moved);
  }

  async #leave(reference: string, status: CaseStatus): Promise<Asked<void>> {
    await this.#left(reference, status);
    return { ok: true, value: undefined };
  }

  async #fieldsOf({ title, description, severityId }: Partial<CaseContent>, signal: AbortSignal): Promise<Record<string, unknown>> {
    const name =
      severityId === undefined ? undefined : this.#config.priorities[severityName(severityId).toLowerCase() as keyof JiraConfig['priorities']];
    return {
      ...(title !== undefined && { summary: title }),
      ...(description !== undefined && { description: await this.#text(description, signal) }),
      ...(name !== undefined && { priority: { name } }),
    };
  }

  async #text(text: string, signal: AbortSignal): Promise<unknown> {
    const flavor = await this.#api.cloud(signal);
    return flavor.ok && !flavor.cloud ? toWiki(text) : toAdf(text);
  }

  #refOf({ id, key }: JiraIssue): CaseRef {
    return { reference: id, name: key, url: `${this.#config.url.replace(/\/+$/, '')}/browse/${encodeURIComponent(key)}` };
  }
}

export function categoryOf(issue: unknown): string | undefined {
  return (issue as JiraIssue | undefined)?.fields?.status?.statusCategory?.key;
}

/** To the category that is wanted; for one that is not done also to the other that is not. */
function choose(transitions: readonly Transition[], to: CaseStatus): Transition | undefined {
  const into = (category: string): Transition | undefined => transitions.find((transition) => transition.to?.statusCategory?.key === category);
  if (to === 'done') return into(CATEGORY.done);
  return into(CATEGORY[to]) ?? into(to === 'new' ? CATEGORY.in_progress : CATEGORY.new);
}

function done(asked: Answered): Asked<void> {
  return asked.ok ? { ok: true, value: undefined } : lostIfMissing(asked);
}

/** A ticket of which Jira itself says that it is not there was deleted, or moved to where we may not look. */
function lostIfMissing(asked: { ok: false; failure: JiraFailure }): { ok: false; failure: JiraFailure } {
  return asked.failure.status === 404 ? { ok: false, failure: { ...asked.failure, lost: true } } : asked;
}

/** Texts are the event's; all else that Jira does not take is the configuration's, which somebody will mend. */
const TEXTS = new Set(['summary', 'description']);

function aboutConfiguration(failure: JiraFailure): JiraFailure {
  const { fields = [] } = failure;
  if (failure.status !== 400 || (fields.length > 0 && fields.every((field) => TEXTS.has(field)))) return failure;
  return { ...failure, retry: true, reason: 'config' };
}

function unclear(message: string): { ok: false; failure: JiraFailure } {
  return { ok: false, failure: { ok: false, retry: true, reason: 'server_error', message, done: 'unknown' } };
}
