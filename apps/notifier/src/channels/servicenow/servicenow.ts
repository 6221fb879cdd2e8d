import type { Incident } from '@tocsin/domain';
import { resolveSecret } from '@tocsin/extension';
import { EVIDENCE_EVERY_MS } from '../../cases/evidence.js';
import type { Callback, Channel, ChannelDeps, ChannelKind, Delivery, Finding, Outcome, Reply, SaidBack } from '../channel.js';
import { HttpChannel } from '../http-channel.js';
import { messageOf } from '../message.js';
import { TableApi, type Row } from './api.js';
import { Cases } from './case.js';
import { checkServicenow } from './check.js';
import { servicenowConfig, type ServicenowConfig } from './config.js';
import { eventOf } from './event.js';
import { notesIn, saidBy } from './said.js';
import { isSigned } from './signature.js';
import { Tickets } from './ticket.js';
import { correlationDisplay, incidentOf, plain } from './words.js';

/** Tickets of ServiceNow, one per incident and in step with it both ways; and events of its Event Management. */
export const servicenow: ChannelKind<ServicenowConfig> = {
  type: 'servicenow',
  forPeople: true,
  summary: 'Keeps one ticket of ServiceNow per incident, and follows what people do there; or sends events to its Event Management.',
  config: servicenowConfig as ChannelKind<ServicenowConfig>['config'],
  create: (config, deps) => new Servicenow(config, deps),
};

/** What a poll looks at again, so that a change which showed late is not missed. */
const OVERLAP_MS = 120_000;
const FIRST_POLL_MS = 3_600_000;
const POLL_PAGE = 200;
/** How far back marked journal entries are looked for. */
const NOTES_MS = 3_600_000;
const NOTES_PAGE = 20;
const SINCE = 'poll.since';

class Servicenow extends HttpChannel implements Channel {
  readonly #config: ServicenowConfig;
  readonly #api: TableApi;
  readonly #cases: Cases;
  readonly #tickets: Tickets;
  readonly poll?: NonNullable<Channel['poll']>;

  constructor(config: ServicenowConfig, deps: ChannelDeps) {
    super(config, deps);
    this.#config = config;
    this.#api = new TableApi(config, this.http, deps);
    this.#cases = new Cases(
      deps,
      (sysId) => `${config.instance.replace(/\/+$/, '')}/nav_to.do?uri=${encodeURIComponent(`${config.table}.do?sys_id=${sysId}`)}`,
    );
    this.#tickets = new Tickets({ config, api: this.#api, cases: this.#cases, deps });
    if (config.table !== 'em_event' && (config.poll !== undefined || config.evidence)) {
      this.poll = { everyMs: config.poll ?? EVIDENCE_EVERY_MS, run: (signal) => this.#round(signal) };
    }
  }

  protected async deliver(delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    const message = messageOf(delivery, this.deps.publicUrl);
    const { events } = message.told;
    const { table, digests } = this.#config;
    if (events === 'digests' && table !== 'em_event' && digests === 'none') return { ok: true };
    if (events === 'digests' || table === 'em_event') {
      const fields = Object.entries(eventOf(message, delivery)).map(([name, value]) => [name, plain(value)]);
      const sent = await this.#api.create('em_event', Object.fromEntries(fields) as Record<string, string>, signal);
      return 'failure' in sent ? sent.failure : { ok: true };
    }
    if (events === 'incidents') return this.#tickets.deliver(delivery.data as Incident, delivery, signal);
    const why = `the table ${table} takes incidents; let the Subscription have "events: incidents", or set "table: em_event"`;
    return { ok: false, retry: true, reason: 'config', message: why };
  }

  check(signal: AbortSignal): Promise<Finding[]> {
    return checkServicenow(this.#config, this.#api, signal);
  }

  /** The instance says that a ticket changed. What became of it is read from the ticket, so that nobody need believe the order of what comes. */
  async receive({ headers, body }: Callback): Promise<Reply> {
    const { webhookSecret, table } = this.#config;
    if (webhookSecret === undefined) return { status: 404, commands: [] };
    const shown = { signature: headers['x-tocsin-signature'], timestamp: headers['x-tocsin-timestamp'], body };
    if (!isSigned(await resolveSecret(webhookSecret), shown, this.deps.now())) return { status: 401, commands: [] };
    const sysId = sysIdIn(body);
    if (sysId === undefined) return { status: 400, commands: [] };
    const read = await this.#api.read(table, sysId, new AbortController().signal);
    // A ticket that is gone says nothing; anything else may be asked again.
    if ('failure' in read) return { status: read.gone ? 200 : 503, commands: [] };
    const commands = await this.#saidIn(read.row, new AbortController().signal);
    return commands === undefined ? { status: 503, commands: [] } : { status: 200, commands };
  }

  async #round(signal: AbortSignal): Promise<readonly SaidBack[]> {
    const { logger, subscription } = this.deps;
    const said = this.#config.poll === undefined ? [] : await this.#changed(signal);
    // That it could not be told takes nothing from what was said.
    if (this.#config.evidence)
      await this.#tickets
        .tellEvidence(signal)
        .catch((error: unknown) => logger.warn({ subscription, err: error }, 'Evidence could not be told; it will be tried again.'));
    return said;
  }

  async #changed(signal: AbortSignal): Promise<readonly SaidBack[]> {
    const { memory, now, subscription } = this.deps;
    const stored = await memory.get(SINCE);
    const since = stored === undefined ? now() - FIRST_POLL_MS : Number(stored);
    const display = correlationDisplay(subscription);
    const query = `correlation_display=${display}^sys_updated_on>=${glideTime(since - OVERLAP_MS)}^ORDERBYsys_updated_on`;
    const found = await this.#api.find(this.#config.table, query, POLL_PAGE, signal);
    if ('failure' in found) throw new Error(found.failure.message);
    const said: SaidBack[] = [];
    for (const row of found.rows.filter((one) => one['correlation_display']?.value === display)) {
      said.push(...((await this.#saidIn(row, signal)) ?? []));
    }
    const last = Date.parse(`${(found.rows.at(-1)?.['sys_updated_on']?.value ?? '').replace(' ', 'T')}Z`);
    if (!Number.isNaN(last) && last > since) await memory.put(SINCE, String(last), stored);
    return said;
  }

  /** Undefined when it cannot be told now. */
  async #saidIn(row: Row, signal: AbortSignal): Promise<SaidBack[] | undefined> {
    const incident = incidentOf(row['correlation_id']?.value ?? '');
    const held = incident === undefined ? undefined : await this.#cases.get(incident);
    // Not ours, of another subscription, or an older ticket of this incident.
    if (incident === undefined || held === undefined || held.value.sysId !== row['sys_id']?.value) return [];
    const since = glideTime(this.deps.now() - NOTES_MS);
    const { notePrefix } = this.#config;
    const query = `element_id=${held.value.sysId}^elementINwork_notes,comments^valueSTARTSWITH${notePrefix}^sys_created_on>=${since}`;
    const journal = await this.#api.find('sys_journal_field', query, NOTES_PAGE, signal, 'sys_id,element_id,value,sys_created_on,sys_created_by');
    if ('failure' in journal && journal.failure.reason !== 'auth') return undefined;
    // Where the user may not read the journal, the rest is followed all the same.
    const entries = 'rows' in journal ? journal.rows.filter((entry) => entry['element_id']?.value === held.value.sysId) : [];
    const said = saidBy(incident, row, held.value, this.#config);
    const assign = said.find(({ body }) => 'assignee' in body)?.body;
    if (assign !== undefined && 'assignee' in assign) {
      // When this is lost to another change, it is said once more, with the same id.
      await this.#cases.put(incident, { ...held.value, assignee: assign.assignee, assigneeAt: row['sys_mod_count']?.value ?? '' }, held);
    }
    return [...said, ...notesIn(incident, entries, this.#config)];
  }
}

/** Of the body that the script in deploy/servicenow sends. */
function sysIdIn(body: Buffer): string | undefined {
  try {
    const { sys_id: id } = (JSON.parse(body.toString('utf8')) ?? {}) as { sys_id?: unknown };
    return typeof id === 'string' && /^[0-9a-f]{32}$/.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

/** As ServiceNow writes times, in UTC. */
function glideTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
