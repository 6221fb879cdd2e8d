import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Incident } from '@tocsin/domain';
import { resolveSecret } from '@tocsin/extension';
import { findCase, getIncidents } from '@tocsin/store';
import { Cases } from '../../cases/cases.js';
import { EVIDENCE_EVERY_MS } from '../../cases/evidence.js';
import { saidByChange, saidByComment, type KnownCase, type SeenCase } from '../../cases/said-back.js';
import type { Callback, Channel, ChannelDeps, ChannelKind, Delivery, Finding, Outcome, Reply, SaidBack } from '../channel.js';
import { JiraApi } from './api.js';
import { checkJira } from './check.js';
import { jiraConfig, type JiraConfig } from './config.js';
import { categoryOf, COMMON_LABEL, JiraSystem, STATUS_OF } from './system.js';
import { fromAdf } from './text.js';
import { readWebhook, type JiraIssue, type JiraUser, type WebhookEvent } from './webhook.js';

/** One ticket of Jira per incident, in step both ways. */
export const jira: ChannelKind<JiraConfig> = {
  type: 'jira',
  summary: 'Keeps one ticket of Jira per incident, in step both ways.',
  tells: ['incidents'],
  forPeople: true,
  config: jiraConfig,
  create: (config, deps) => new Jira(config, deps),
};

/** What was changed so long ago is asked for again, since the index lags. */
const POLL_BACK_MINUTES = 10;
/** Of a hundred tickets each. */
const POLL_PAGES = 20;
/** Replicas that write what they saw of one ticket at once are few. */
const WRITE_TRIES = 10;

/** What is known of a ticket: JSON, in the channel's memory. */
interface Known extends KnownCase {
  /** Of the ticket as it was seen last, milliseconds since 1970. */
  updated?: number;
  /** What was known before that. */
  before?: KnownCase;
}

class Jira implements Channel {
  readonly takes = 'each';
  readonly poll?: NonNullable<Channel['poll']>;
  readonly #config: JiraConfig;
  readonly #deps: ChannelDeps;
  readonly #api: JiraApi;
  readonly #system: JiraSystem;
  readonly #cases: Cases;
  #me: string | undefined;

  constructor(config: JiraConfig, deps: ChannelDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#api = new JiraApi(config, deps);
    this.#system = new JiraSystem(config, this.#api, (reference, status) => this.#know(reference, { status }));
    this.#cases = new Cases(this.#system, deps, config.attachMaxBytes);
    if (config.poll > 0 || config.evidence)
      this.poll = { everyMs: config.poll > 0 ? config.poll : EVIDENCE_EVERY_MS, run: (signal) => this.#round(signal) };
  }

  send(batch: readonly Delivery[], signal: AbortSignal): Promise<Outcome[]> {
    return Promise.all(batch.map((delivery) => this.#cases.deliver(delivery, signal)));
  }

  check(signal: AbortSignal): Promise<Finding[]> {
    return checkJira(this.#config, this.#api, signal);
  }

  async close(): Promise<void> {
    this.#api.close();
  }

  /** Webhooks of Jira's administration with a secret, https://developer.atlassian.com/cloud/jira/platform/webhooks/. */
  async receive({ headers, body }: Callback): Promise<Reply> {
    const { webhookSecret } = this.#config;
    if (webhookSecret === undefined) return { status: 404, commands: [] };
    if (!signedBy(await resolveSecret(webhookSecret), body, headers['x-hub-signature'])) return { status: 401, commands: [] };
    const event = readWebhook(body);
    const identifier = headers['x-atlassian-webhook-identifier'];
    if (event === undefined) return { status: 200, commands: [] };
    const change = `jira/${this.#deps.subscription}/${identifier ?? `${event.issue.id}/${String(event.timestamp)}`}`;
    return { status: 200, commands: await this.#meaning(event, event.issue, change) };
  }

  async #meaning(event: WebhookEvent, issue: JiraIssue, change: string): Promise<SaidBack[]> {
    const who = event.comment?.author ?? event.user;
    if (who === undefined) return [];
    if (await this.#isMe(who)) {
      // What we did ourselves says nothing, but is known from now on.
      if (event.webhookEvent === 'jira:issue_updated') await this.#look(issue);
      return [];
    }
    const incident = await this.#incidentOf(issue);
    if (incident === undefined) return [];
    const by = { actor: who.displayName ?? who.name ?? 'jira', time: timeOf(event.timestamp, this.#deps.now()) };
    if (event.webhookEvent === 'comment_created')
      return saidByComment(incident, fromAdf(event.comment?.body), by, this.#commentChange(issue, event.comment) ?? change);
    if (event.webhookEvent !== 'jira:issue_updated') return [];
    const known = await this.#look(issue);
    return known === undefined ? [] : saidByChange(incident, known, { ...seenOf(issue), ...by }, change);
  }

  /**
   * What was known of a ticket before this look at it, which is known from now on; undefined when something younger is known
   * already: webhooks come late and in any order.
   */
  async #look(issue: JiraIssue): Promise<KnownCase | undefined> {
    const { status, assignee = null } = seenOf(issue);
    const updated = Date.parse(issue.fields?.updated ?? '');
    const before = await this.#known(issue.id);
    if (before.updated !== undefined && updated < before.updated) return undefined;
    // The same again: it may not have been kept what was said the last time.
    if (before.updated === updated) return before.before ?? before;
    const was = { status: before.status, assignee: before.assignee };
    await this.#know(issue.id, { status, assignee, before: was, ...(Number.isNaN(updated) ? {} : { updated }) });
    return before;
  }

  async #known(reference: string): Promise<Known> {
    const text = await this.#deps.memory.get(`seen/${reference}`);
    return text === undefined ? { status: 'new', assignee: null } : (JSON.parse(text) as Known);
  }

  async #know(reference: string, parts: Partial<Known>): Promise<void> {
    const { memory } = this.#deps;
    const name = `seen/${reference}`;
    for (let tries = 0; tries < WRITE_TRIES; tries++) {
      const before = await memory.get(name);
      const now = JSON.stringify({ ...(await this.#known(reference)), ...parts });
      if (before === now || (await memory.put(name, now, before))) return;
    }
  }

  async #round(signal: AbortSignal): Promise<SaidBack[]> {
    const { poll, evidence } = this.#config;
    const said = poll > 0 ? await this.#askWhatWasSaid(signal) : [];
    if (evidence) await this.#tellEvidence(signal);
    return said;
  }

  /** That it could not be told takes nothing from what was said; it is told in another round. */
  async #tellEvidence(signal: AbortSignal): Promise<void> {
    const { logger, subscription } = this.#deps;
    await this.#cases
      .tellEvidence(signal)
      .catch((error: unknown) => logger.warn({ subscription, err: error }, 'Evidence could not be told; it will be tried again.'));
  }

  /** What was changed lately, as it is now. The same state gives the same commands, so that looking again does no harm. */
  async #askWhatWasSaid(signal: AbortSignal): Promise<SaidBack[]> {
    const fields = ['status', 'assignee', 'resolution', 'updated', 'comment'];
    const minutes = POLL_BACK_MINUTES + Math.ceil(this.#config.poll / 60_000);
    const since = this.#deps.now() - minutes * 60_000;
    const found = await this.#system.searchAll(`labels = "${COMMON_LABEL}" AND updated >= "-${minutes}m"`, fields, POLL_PAGES, signal);
    if (!found.ok) throw new Error(found.failure.message);
    const said: SaidBack[] = [];
    for (const issue of found.value) {
      const incident = await this.#incidentOf(issue);
      if (incident === undefined) continue;
      said.push(...(await this.#commentsSaid(incident, issue, since)));
      const written = await findCase(this.#deps.store.db, this.#deps.subscription, issue.id);
      // What we have not told it yet is no word of anybody's there.
      if (written === undefined || written.version < incident.version) continue;
      const known = await this.#look(issue);
      if (known === undefined) continue;
      const change = `jira/${this.#deps.subscription}/${issue.id}/${issue.fields?.updated ?? ''}`;
      said.push(...saidByChange(incident, known, { ...seenOf(issue), actor: 'jira', time: new Date(this.#deps.now()).toISOString() }, change));
    }
    return said;
  }

  /** Young comments that are marked for Tocsin; the same comment has the same id in a webhook. */
  async #commentsSaid(incident: Incident, issue: JiraIssue, since: number): Promise<SaidBack[]> {
    const said: SaidBack[] = [];
    for (const comment of issue.fields?.comment?.comments ?? []) {
      const created = Date.parse(comment.created ?? '');
      const { author } = comment;
      if (author === undefined || !(created >= since) || (await this.#isMe(author))) continue;
      const by = { actor: author.displayName ?? author.name ?? 'jira', time: new Date(created).toISOString() };
      said.push(...saidByComment(incident, fromAdf(comment.body), by, this.#commentChange(issue, comment) ?? ''));
    }
    return said;
  }

  #commentChange({ id: issue }: JiraIssue, comment: { id?: string | undefined } | undefined): string | undefined {
    return comment?.id === undefined ? undefined : `jira/${this.#deps.subscription}/${issue}/comment/${comment.id}`;
  }

  /** Only a ticket that is the case of an incident can say something of it, whatever its labels are. */
  async #incidentOf({ id }: JiraIssue) {
    const { store, subscription } = this.#deps;
    const row = await findCase(store.db, subscription, id);
    return row === undefined ? undefined : (await getIncidents(store.db, [row.subject])).get(row.subject);
  }

  async #isMe(who: JiraUser): Promise<boolean> {
    if (this.#me === undefined) {
      const asked = await this.#api.call('GET', '/myself', undefined, AbortSignal.timeout(this.#config.timeout));
      if (!asked.ok) throw new Error(asked.failure.message);
      this.#me = idOf(asked.body as JiraUser);
    }
    return idOf(who) === this.#me;
  }
}

function seenOf(issue: JiraIssue): Omit<SeenCase, 'actor' | 'time'> {
  const { assignee, resolution } = issue.fields ?? {};
  return {
    status: STATUS_OF[String(categoryOf(issue))] ?? 'new',
    ...(assignee !== undefined && { assignee: assignee?.displayName ?? null }),
    ...(resolution?.name !== undefined && { resolution: resolution.name }),
  };
}

function idOf({ accountId, name }: JiraUser): string {
  return accountId ?? name ?? '';
}

function timeOf(timestamp: unknown, now: number): string {
  const ms = typeof timestamp === 'number' && Math.abs(timestamp - now) < 86_400_000 ? timestamp : now;
  return new Date(ms).toISOString();
}

function signedBy(secret: string, body: Buffer, signature: string | undefined): boolean {
  const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  const given = Buffer.from(signature ?? '');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
