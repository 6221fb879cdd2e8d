import type { Artefact, Incident } from '@tocsin/domain';
import { artefactsOfCases } from '@tocsin/store';
import { attachable, attachmentName } from '../../cases/attachments.js';
import { EVIDENCE_BACK_MS, manifestKey, manifestOf } from '../../cases/evidence.js';
import { fieldVariables, fillFields } from '../../cases/fields.js';
import { lostCase } from '../../cases/lost.js';
import type { ChannelDeps, Delivery, Outcome } from '../channel.js';
import type { Failed } from '../http.js';
import { messageOf } from '../message.js';
import type { Refused, Row, TableApi } from './api.js';
import type { Case, Cases, Held } from './case.js';
import type { ServicenowConfig } from './config.js';
import { correlationDisplay, correlationId, fieldsOf, noteOf, plain } from './words.js';

/** Artefacts that are looked at in one round. */
const EVIDENCE_MAX = 1_000;

export interface TicketDeps {
  config: ServicenowConfig;
  api: TableApi;
  cases: Cases;
  deps: ChannelDeps;
}

/** One ticket per incident, in step with it. */
export class Tickets {
  readonly #config: ServicenowConfig;
  readonly #api: TableApi;
  readonly #cases: Cases;
  readonly #deps: ChannelDeps;

  constructor({ config, api, cases, deps }: TicketDeps) {
    this.#config = config;
    this.#api = api;
    this.#cases = cases;
    this.#deps = deps;
  }

  async deliver(incident: Incident, delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    const held = await this.#cases.get(incident.id);
    if (held === undefined) return this.#open(incident, delivery, undefined, 1, signal);
    const { value } = held;
    if (value.state === 'creating') return this.#settle(incident, delivery, held, signal);
    if (value.version >= incident.version) return { ok: true };
    const over = value.state !== 'open';
    if (over && incident.status !== 'resolved') return this.#open(incident, delivery, held, value.generation + 1, signal);
    if (over) return (await this.#cases.put(incident.id, { ...value, ...told(incident) }, held)) === undefined ? busy() : { ok: true };
    return this.#update(incident, delivery, held, signal);
  }

  /** Writes work notes on what actions collected since the tickets were told of the last of it. Rejects when it could not be done for some. */
  async tellEvidence(signal: AbortSignal): Promise<void> {
    const { store, subscription, now, publicUrl } = this.#deps;
    const since = new Date(now() - EVIDENCE_BACK_MS).toISOString();
    const found = await artefactsOfCases(store.db, subscription, since, EVIDENCE_MAX);
    const failures: string[] = [];
    for (const [incident, of] of Map.groupBy(found, (one) => one.incident)) {
      if (signal.aborted) return;
      const held = await this.#cases.get(incident);
      const artefacts = of.map(({ artefact }) => artefact);
      const fresh = artefacts.filter(({ id }) => held?.value.evidence?.includes(id) !== true);
      if (held?.value.state !== 'open' || fresh.length === 0) continue;
      const link = publicUrl === undefined ? undefined : `${publicUrl}/incidents/${encodeURIComponent(incident)}`;
      const failure =
        (await this.#note(incident, held.value, manifestKey(fresh), manifestOf(fresh, link), signal)) ??
        (await this.#attach(held.value, fresh, signal));
      if (failure !== undefined) failures.push(failure.message);
      // When somebody else changed the case meanwhile, the note is found to be there the next time.
      else await this.#cases.put(incident, { ...held.value, evidence: artefacts.map(({ id }) => id) }, held);
    }
    if (failures.length > 0) throw new Error(`The evidence of ${failures.length} tickets could not be told: ${failures[0]}`);
  }

  async #attach({ sysId, number }: Case, artefacts: readonly Artefact[], signal: AbortSignal): Promise<Failed | undefined> {
    const { table, attachMaxBytes } = this.#config;
    const { evidence, logger, subscription } = this.#deps;
    for (const artefact of attachable(artefacts, attachMaxBytes)) {
      const bytes = await evidence(artefact.id);
      if (bytes === undefined) continue;
      const file = { name: attachmentName(artefact), mediaType: artefact.media_type, bytes };
      const attached = await this.#api.attach(table, sysId, file, signal);
      if ('failure' in attached) return attached.failure;
      if (!attached.taken)
        logger.warn({ subscription, number, evidence: artefact.id }, 'The instance takes no such attachment; the ticket has its hash alone.');
    }
    return undefined;
  }

  /** Unless it is there. */
  async #note(incident: string, value: Case, key: string, text: string, signal: AbortSignal): Promise<Failed | undefined> {
    const read = await this.#api.read(this.#config.table, value.sysId, signal, ',work_notes');
    if ('failure' in read) return read.failure;
    if ((read.row['work_notes']?.display_value ?? '').includes(key)) return undefined;
    const updated = await this.#write(incident, value, { work_notes: plain(`${text}\n${key}`) }, signal);
    return 'failure' in updated ? updated.failure : undefined;
  }

  /** Makes the ticket where it has no sys_id yet, else changes it. */
  async #write(incident: string, { sysId, generation }: Case, fields: Record<string, string>, signal: AbortSignal): Promise<{ row: Row } | Refused> {
    const { table, importSet } = this.#config;
    const correlation = correlationId(incident, generation);
    const marks = { correlation_id: correlation, correlation_display: correlationDisplay(this.#deps.subscription) };
    if (importSet === undefined) {
      return sysId === '' ? this.#api.create(table, { ...fields, ...marks }, signal) : this.#api.update(table, sysId, fields, signal);
    }
    const staged = Object.fromEntries(Object.entries({ ...fields, ...marks }).map(([name, value]) => [`${importSet.prefix}${name}`, value]));
    const imported = await this.#api.import(importSet.table, table, staged, signal);
    if ('failure' in imported) return imported;
    // A transform map makes a new one where the one there was is gone; where that is there, it does not know them by their mark.
    if (sysId !== '' && imported.sysId !== sysId && !(await this.#isGone(sysId, signal))) {
      const message = `the transform map of ${importSet.table} made another ticket instead of changing the one there is; let it coalesce on correlation_id`;
      return { failure: { ok: false, retry: false, reason: 'client_error', message }, uncertain: false, gone: false };
    }
    const read = await this.#api.read(table, imported.sysId, signal);
    // It was written all the same.
    return 'failure' in read ? { ...read, uncertain: true, gone: false } : read;
  }

  async #isGone(sysId: string, signal: AbortSignal): Promise<boolean> {
    const read = await this.#api.read(this.#config.table, sysId, signal);
    return 'failure' in read && read.gone;
  }

  /** Takes the incident's place before the call, so that nobody else makes a ticket for it. */
  async #open(incident: Incident, delivery: Delivery, before: Held | undefined, generation: number, signal: AbortSignal): Promise<Outcome> {
    // What is over before anybody was told needs no ticket.
    if (incident.status === 'resolved' && before === undefined) return { ok: true };
    const taken = await this.#cases.put(incident.id, this.#creating(generation), before);
    return taken === undefined ? busy() : this.#create(incident, delivery, taken, signal);
  }

  /** Somebody, perhaps we, sent a request and did not hear what became of it. */
  async #settle(incident: Incident, delivery: Delivery, held: Held, signal: AbortSignal): Promise<Outcome> {
    const { generation, at } = held.value;
    const correlation = correlationId(incident.id, generation);
    const found = await this.#api.find(this.#config.table, `correlation_id=${correlation}^ORDERBYsys_created_on`, 10, signal);
    if ('failure' in found) return found.failure;
    // A search for a column that is not there finds everything.
    const row = found.rows.find((one) => one['correlation_id']?.value === correlation);
    if (row !== undefined) return this.#made(incident, delivery, row, held, signal);
    const afterMs = at + this.#config.searchLag - this.#deps.now();
    if (afterMs > 0) {
      const message = 'It is not known whether the ticket was made; it will be looked for again before another one is made.';
      return { ok: false, retry: true, reason: 'server_error', message, afterMs, scope: 'delivery' };
    }
    const taken = await this.#cases.put(incident.id, this.#creating(generation), held);
    return taken === undefined ? busy() : this.#create(incident, delivery, taken, signal);
  }

  async #create(incident: Incident, delivery: Delivery, held: Held, signal: AbortSignal): Promise<Outcome> {
    const correlation = correlationId(incident.id, held.value.generation);
    const message = messageOf(delivery, this.#deps.publicUrl);
    const note = noteOf(incident, delivery);
    // What it throws is for the configuration, see HttpChannel.
    const fields = fillFields(this.#config.fields, fieldVariables(incident, message.link));
    const about = fieldsOf(incident, message, this.#config);
    const created = await this.#write(incident.id, held.value, { ...about, ...fields, work_notes: note }, signal);
    if ('failure' in created) {
      // The instance has said that it made none, so that the next attempt need not look for one.
      if (!created.uncertain && held.value.generation === 1) await this.#cases.delete(incident.id);
      return created.failure;
    }
    if (created.row['correlation_id']?.value !== correlation) {
      const { subscription } = this.#deps;
      const number = numberOf(created.row);
      this.#deps.logger.warn(
        { subscription, number },
        'The ticket does not keep its correlation_id: let the user write that column, or tickets cannot be found again.',
      );
    }
    const made = { ...this.#caseOf(created.row, held.value), ...told(incident) };
    return (await this.#cases.put(incident.id, made, held)) === undefined ? busy() : { ok: true };
  }

  /** A ticket that an earlier request made; it may be behind the incident. */
  async #made(incident: Incident, delivery: Delivery, row: Row, held: Held, signal: AbortSignal): Promise<Outcome> {
    const found: Case = { ...this.#caseOf(row, held.value), version: 0, doubt: delivery.id };
    const kept = await this.#cases.put(incident.id, found, held);
    return kept === undefined ? busy() : this.#update(incident, delivery, kept, signal);
  }

  async #update(incident: Incident, delivery: Delivery, held: Held, signal: AbortSignal): Promise<Outcome> {
    const { table } = this.#config;
    const { doubt, resolved, sysId } = held.value;
    const ends = (incident.status === 'resolved') !== resolved;
    const changes: Record<string, string> = fieldsOf(incident, messageOf(delivery, this.#deps.publicUrl), this.#config);
    if (incident.change !== 'updated') changes['work_notes'] = noteOf(incident, delivery);
    let seen: Row | undefined;
    if (ends || doubt === delivery.id) {
      // People may have ended or reopened it since; and a note whose answer was lost may be there.
      const read = await this.#api.read(table, sysId, signal, ',work_notes');
      if ('failure' in read) return this.#refused(incident, held, read);
      seen = read.row;
      if ((seen['work_notes']?.display_value ?? '').includes(delivery.id)) delete changes['work_notes'];
      const state = seen['state']?.value ?? '';
      const isResolved = state === this.#config.states.resolved;
      if (this.#config.states.closed.includes(state)) return this.#closed(incident, delivery, held, signal);
      if (incident.status === 'resolved' && !isResolved) Object.assign(changes, this.#resolution(incident));
      if (incident.status !== 'resolved' && isResolved) changes['state'] = this.#config.states.reopened;
    }
    const doubtful = await this.#cases.put(incident.id, { ...held.value, doubt: delivery.id }, held);
    if (doubtful === undefined) return busy();
    const updated = await this.#write(incident.id, held.value, changes, signal);
    if ('failure' in updated) return this.#refused(incident, doubtful, updated);
    const { doubt: _, ...known } = this.#caseOf(updated.row, held.value);
    // The ticket may have been ended by somebody meanwhile: then that is what they say, and it is followed.
    return (await this.#cases.put(incident.id, { ...known, ...told(incident) }, doubtful)) === undefined ? busy() : { ok: true };
  }

  /** Who closed it there for good has had the last word on this ticket. */
  async #closed(incident: Incident, delivery: Delivery, held: Held, signal: AbortSignal): Promise<Outcome> {
    if (incident.status !== 'resolved') return this.#open(incident, delivery, held, held.value.generation + 1, signal);
    const closed: Case = { ...held.value, ...told(incident), state: 'closed', resolved: true };
    return (await this.#cases.put(incident.id, closed, held)) === undefined ? busy() : { ok: true };
  }

  async #refused(incident: Incident, held: Held, { failure, gone }: Refused): Promise<Failed> {
    if (!gone) return failure;
    const { sysId: reference, number: name } = held.value;
    // Told before it is so: of what is told twice there is one, what is not told is missing.
    await this.#deps.notice(lostCase(this.#deps.subscription, { subject: incident.id, name, reference }, failure.message));
    await this.#cases.put(incident.id, { ...held.value, ...told(incident), state: 'orphaned' }, held);
    const { number } = held.value;
    this.#deps.logger.warn(
      { subscription: this.#deps.subscription, number, incident: incident.id },
      'A ticket is gone or hidden from us; its incident has none now.',
    );
    const message = `${number} is gone, or an ACL hides it; the incident has no ticket now, and gets a new one when it changes again`;
    return { ok: false, retry: false, reason: 'gone', message };
  }

  #resolution({ resolution }: Incident): Record<string, string> {
    const { closeCode = '', closeCodes, states } = this.#config;
    const { reason = 'other', comment, by = 'tocsin' } = resolution ?? {};
    const notes = `Resolved by ${by}: ${reason.replaceAll('_', ' ')}${comment === undefined ? '' : `. ${comment}`}`;
    return { state: states.resolved, close_code: closeCodes[reason] ?? closeCode, close_notes: plain(notes.slice(0, 1_000)) };
  }

  #caseOf(row: Row, before: Case): Case {
    const { closed, resolved } = this.#config.states;
    const state = row['state']?.value ?? '';
    const ended = closed.includes(state);
    return {
      ...before,
      state: ended ? 'closed' : 'open',
      sysId: row['sys_id']?.value ?? '',
      number: numberOf(row),
      ticket: state,
      resolved: ended || state === resolved,
    };
  }

  #creating(generation: number): Case {
    return { state: 'creating', at: this.#deps.now(), generation, sysId: '', number: '', version: 0, status: 'open', ticket: '', resolved: false };
  }
}

function told({ version, status }: Incident): Pick<Case, 'version' | 'status'> {
  return { version, status };
}

function numberOf(row: Row): string {
  return row['number']?.value ?? '';
}

function busy(): Failed {
  const message = 'Another replica is at this ticket; it will be looked at again.';
  return { ok: false, retry: true, reason: 'server_error', message, afterMs: 1_000, scope: 'delivery' };
}
