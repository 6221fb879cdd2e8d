import { randomUUID } from 'node:crypto';
import type { Artefact, Digest, Incident } from '@tocsin/domain';
import {
  artefactsOfCases,
  changeCase,
  claimCase,
  getCase,
  getIncidents,
  isTransient,
  releaseCase,
  type CaseChange,
  type CaseRow,
} from '@tocsin/store';
import type { ChannelDeps, Delivery, Outcome } from '../channels/channel.js';
import type { Failed } from '../channels/http.js';
import { messageOf } from '../channels/message.js';
import { attachable, attachmentName } from './attachments.js';
import { EVIDENCE_BACK_MS, manifestKey, manifestOf } from './evidence.js';
import { fieldVariables, type FieldVariables } from './fields.js';
import { lostCase } from './lost.js';
import { commentOf, contentOfDigest, contentOfIncident, resolutionOf, statusOf, type Written } from './content.js';
import type { Asked, CaseContent, CaseFailure, CaseRef, CaseSystem } from './system.js';

export type CasesDeps = Pick<ChannelDeps, 'store' | 'subscription' | 'publicUrl' | 'now' | 'notice' | 'evidence' | 'logger'>;

const CLAIM_MS = 120_000;
/** Nothing is asked of a system for longer: the claim must outlive it. */
const ASK_MS = 100_000;
const BUSY_MS = 1_000;
/** Artefacts that are looked at in one round. */
const EVIDENCE_MAX = 1_000;

/** The case as this delivery has it: by a name of its own, so that not even the same process has it twice. */
type Claimed = CaseRow & { by: string };

/** Thrown within to end a delivery with this outcome. */
class Ended extends Error {
  readonly outcome: Outcome;
  constructor(outcome: Outcome) {
    super('the delivery has ended');
    this.outcome = outcome;
  }
}

/**
 * One case per incident, in step with it. The row of a case is taken before the system is asked to make it; who finds that it was
 * asked and not what became of it searches by the marker, and asks again only when the system's search must have found it.
 * What is told is always the newest state of the incident, whichever change brought it here, so a burst of changes is few calls.
 */
export class Cases {
  readonly #system: CaseSystem;
  readonly #deps: CasesDeps;
  readonly #attachMaxBytes: number;

  constructor(system: CaseSystem, deps: CasesDeps, attachMaxBytes: number) {
    this.#system = system;
    this.#deps = deps;
    this.#attachMaxBytes = attachMaxBytes;
  }

  /** Never rejects. */
  async deliver(delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    const { told } = messageOf(delivery, undefined);
    if (told.events !== 'incidents' && told.events !== 'digests') return refused('only incidents have cases');
    const { store, subscription, now } = this.#deps;
    const by = randomUUID();
    const key = { subscription, subject: told.data.id };
    const version = told.events === 'incidents' ? told.data.version : 1;
    try {
      const before = await getCase(store.db, subscription, key.subject);
      if (before !== undefined && before.version >= version) return { ok: true };
      const row = await claimCase(store.db, key, { by, now: iso(now()), until: iso(now() + CLAIM_MS) });
      if (row === undefined) return busy();
      try {
        if (row.version >= version) return { ok: true };
        await this.#tell({ ...row, by }, told.events === 'incidents' ? await this.#newest(told.data) : told.data, limited(signal));
        return { ok: true };
      } finally {
        await releaseCase(store.db, key, by);
      }
    } catch (error) {
      if (error instanceof Ended) return error.outcome;
      if (isTransient(error)) return { ok: false, retry: true, reason: 'server_error', message: 'the database does not answer' };
      throw error;
    }
  }

  /** Comments on what actions collected since the cases were told of the last of it. Rejects when it could not be done for some. */
  async tellEvidence(signal: AbortSignal): Promise<void> {
    const { store, subscription, now } = this.#deps;
    const found = await artefactsOfCases(store.db, subscription, iso(now() - EVIDENCE_BACK_MS), EVIDENCE_MAX);
    const failures: string[] = [];
    for (const [incident, of] of Map.groupBy(found, (one) => one.incident)) {
      if (signal.aborted) return;
      const artefacts = of.map(({ artefact }) => artefact);
      await this.#tellArtefacts(incident, artefacts, limited(signal)).catch((error: unknown) => {
        if (!(error instanceof Ended) || error.outcome.ok) throw error;
        failures.push(error.outcome.message);
      });
    }
    if (failures.length > 0) throw new Error(`The evidence of ${failures.length} cases could not be told: ${failures[0]}`);
  }

  async #tellArtefacts(subject: string, artefacts: readonly Artefact[], signal: AbortSignal): Promise<void> {
    const { store, subscription, now } = this.#deps;
    const untold = (row: CaseRow): Artefact[] => {
      const { evidence = [] } = JSON.parse(row.written) as Written;
      return artefacts.filter(({ id }) => !evidence.includes(id));
    };
    const before = await getCase(store.db, subscription, subject);
    if (before === undefined || untold(before).length === 0) return;
    const by = randomUUID();
    const key = { subscription, subject };
    const claimed = await claimCase(store.db, key, { by, now: iso(now()), until: iso(now() + CLAIM_MS) });
    // Whoever has it tells something else; this is told the next time.
    if (claimed === undefined) return;
    const row = { ...claimed, by };
    try {
      const fresh = untold(row);
      if (row.reference === undefined || row.state === 'orphaned' || fresh.length === 0) return;
      const ref = { reference: row.reference, name: row.name ?? '', url: row.url ?? '' };
      const comment = { key: manifestKey(fresh), text: manifestOf(fresh, this.#link(subject)) };
      // One whose answer was lost is there.
      if (!(await this.#must(row, this.#system.hasComment(ref, comment.key, signal))))
        await this.#must(row, this.#system.comment(ref, comment, signal));
      await this.#attach(row, ref, fresh, signal);
      const written = JSON.parse(row.written) as Written;
      await this.#save(row, { written: JSON.stringify({ ...written, evidence: artefacts.map(({ id }) => id) } satisfies Written) });
    } finally {
      await releaseCase(store.db, key, by);
    }
  }

  async #attach(row: Claimed, ref: CaseRef, artefacts: readonly Artefact[], signal: AbortSignal): Promise<void> {
    const { evidence, logger, subscription } = this.#deps;
    for (const artefact of attachable(artefacts, this.#attachMaxBytes)) {
      const bytes = await evidence(artefact.id);
      if (bytes === undefined) continue;
      const file = { name: attachmentName(artefact), mediaType: artefact.media_type, bytes };
      if (!(await this.#must(row, this.#system.attach(ref, file, signal))))
        logger.warn(
          { subscription, case: ref.name, evidence: artefact.id },
          'The ticket system takes no such attachment; the ticket has its hash alone.',
        );
    }
  }

  async #newest(incident: Incident): Promise<Incident> {
    const stored = (await getIncidents(this.#deps.store.db, [incident.id])).get(incident.id);
    return stored !== undefined && stored.version > incident.version ? stored : incident;
  }

  async #tell(row: Claimed, subject: Incident | Digest, signal: AbortSignal): Promise<void> {
    if (row.state === 'orphaned') throw new Ended(refused(`its case ${row.name ?? ''} is orphaned: ${row.reason}`));
    const incident = 'version' in subject ? subject : undefined;
    const link = this.#link(subject.id);
    const content = incident === undefined ? contentOfDigest(subject as Digest, link) : contentOfIncident(incident, link);
    const ref = await this.#existing(row, signal);
    if (ref === undefined) {
      const made = await this.#create(row, content, fieldVariables(subject, link), signal);
      if (incident === undefined) await this.#save(row, { version: 1 });
      else await this.#bringInStep(row, made, incident, content, { ...content, told: toldOf(incident) }, signal);
      return;
    }
    if (incident !== undefined) await this.#bringInStep(row, ref, incident, content, JSON.parse(row.written) as Written, signal);
    else await this.#save(row, { version: 1 });
  }

  /** The case, where there is one; undefined when there is certainly none. */
  async #existing(row: Claimed, signal: AbortSignal): Promise<CaseRef | undefined> {
    if (row.reference !== undefined) return { reference: row.reference, name: row.name ?? '', url: row.url ?? '' };
    // It was never asked for.
    if (row.attemptedAt === undefined) return undefined;
    const found = await this.#must(row, this.#system.find(markerOf(row.subject), signal));
    if (found !== undefined) {
      await this.#save(row, { state: 'open', ...found });
      return found;
    }
    const waitMs = Date.parse(row.attemptedAt) + this.#system.searchLagMs - this.#deps.now();
    if (waitMs > 0) throw new Ended(later(`it is not known yet whether the case was made; it is searched for`, waitMs));
    return undefined;
  }

  async #create(row: Claimed, content: CaseContent, variables: FieldVariables, signal: AbortSignal): Promise<CaseRef> {
    await this.#save(row, { state: 'creating', attemptedAt: iso(this.#deps.now()) });
    const asked = await this.#system.create(content, { marker: markerOf(row.subject), variables }, signal);
    if (asked.ok) {
      await this.#save(row, { state: 'open', ...asked.value, written: JSON.stringify({ ...content } satisfies Written) });
      return asked.value;
    }
    const { failure } = asked;
    if (failure.done === 'unknown') {
      // A slow request may still be done now: a search may miss it from now on.
      await this.#save(row, { state: 'unknown', attemptedAt: iso(this.#deps.now()) });
      throw new Ended(withWait(failure, this.#system.searchLagMs));
    }
    // It said that it did not: the time before which a search may miss it does not count.
    await this.#save(row, { state: 'creating', attemptedAt: NEVER_ASKED });
    throw new Ended(failure);
  }

  /** Writes what differs from what was last written, in an order in which any step may be the last one before a crash. */
  async #bringInStep(row: Claimed, ref: CaseRef, incident: Incident, content: CaseContent, before: Written, signal: AbortSignal): Promise<void> {
    let now: Written = before;
    const save = async (more: Written): Promise<void> => {
      now = { ...now, ...more };
      await this.#save(row, { written: JSON.stringify(now) });
    };
    const changed = changedParts(content, now);
    if (changed !== undefined) {
      await this.#must(row, this.#system.update(ref, changed, signal));
      await save(changed);
    }
    const text = commentOf(incident, now.told);
    if (text !== undefined) {
      const comment = { key: `${incident.id.slice(0, 8)}-${incident.version}`, text };
      // A comment that may have been made by one who crashed is looked for.
      const there = row.state === 'unknown' && (await this.#must(row, this.#system.hasComment(ref, comment.key, signal)));
      if (!there) {
        await this.#save(row, { state: 'unknown' });
        row.state = 'unknown';
        await this.#must(row, this.#system.comment(ref, comment, signal));
      }
    }
    await save({ told: toldOf(incident) });
    const status = statusOf(incident);
    if (status !== (now.status ?? 'new')) {
      // A workflow may have no way there; the comment says how the incident stands.
      await this.#must(row, this.#system.move(ref, status, resolutionOf(incident), signal));
      await save({ status });
    }
    await this.#save(row, { version: incident.version, state: status === 'done' ? 'closed' : 'open' });
  }

  /** The value, or the end of the delivery; a case that is gone becomes orphaned. */
  async #must<T>(row: Claimed, asking: Promise<Asked<T>>): Promise<T> {
    const asked = await asking;
    if (asked.ok) return asked.value;
    const { failure } = asked;
    if (failure.lost === true) {
      // Told before it is so: of what is told twice there is one, what is not told is missing.
      await this.#deps.notice(lostCase(this.#deps.subscription, row, failure.message));
      await this.#save(row, { state: 'orphaned', reason: failure.message });
    }
    throw new Ended(failure.lost === true ? { ...failure, retry: false, reason: 'client_error' } : failure);
  }

  async #save(row: Claimed, change: CaseChange): Promise<void> {
    const { store, now } = this.#deps;
    // Whoever was too slow must not write over what another did meanwhile.
    if (!(await changeCase(store.db, row, row.by, change, iso(now())))) throw new Ended(busy());
  }

  #link(subject: string): string | undefined {
    const { publicUrl } = this.#deps;
    return publicUrl === undefined ? undefined : `${publicUrl}/incidents/${encodeURIComponent(subject)}`;
  }
}

/** So long ago that any search would have found it. */
const NEVER_ASKED = '1970-01-01T00:00:00.000Z';

/** What a case is known by in its system. */
export function markerOf(subject: string): string {
  return `tocsin-${subject}`;
}

function changedParts(content: CaseContent, before: Written): Partial<CaseContent> | undefined {
  const changed: Partial<CaseContent> = {
    ...(content.title !== before.title && { title: content.title }),
    ...(content.description !== before.description && { description: content.description }),
    ...(content.severityId !== before.severityId && { severityId: content.severityId }),
  };
  return Object.keys(changed).length === 0 ? undefined : changed;
}

function toldOf({ status, severity_id, count, assignee }: Incident): NonNullable<Written['told']> {
  return { status, severity_id, count, assignee };
}

function limited(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]);
}

function busy(): Failed {
  return later('another replica writes to the case just now', BUSY_MS);
}

function later(message: string, afterMs: number): Failed & { scope: 'delivery' } {
  return { ok: false, retry: true, reason: 'server_error', message, afterMs, scope: 'delivery' };
}

function withWait(failure: CaseFailure, afterMs: number): Failed {
  return { ...failure, afterMs: Math.max(failure.afterMs ?? 0, afterMs), scope: 'delivery' };
}

function refused(message: string): Outcome {
  return { ok: false, retry: false, reason: 'client_error', message };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
