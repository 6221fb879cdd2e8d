import type { Incident, IncidentChange, Muting } from '@tocsin/domain';

/** An incident about to be written, and what to do with it. */
export interface Telling {
  incident: Incident;
  /** Whether this version goes to the log; else it waits in the store. */
  publish: boolean;
  /** When it must be looked at again, RFC 3339; null: never. */
  dueAt: string | null;
}

/** What a rule says about telling, milliseconds; of a rule that is no longer in force, nothing. */
export interface TellingRule {
  suppress: number;
  resolveAfter: number | undefined;
}

/** Changes that may wait while the incident was told of a moment ago. */
const PATIENT: ReadonlySet<IncidentChange> = new Set(['updated', 'de_escalated']);

/**
 * Decides who hears of a new version:
 *
 * - Muted: it goes to the log as muted, so that it is on record, but a mere repeat does not.
 * - A mere repeat within `suppress` of the last telling waits until that has passed; then the newest version is told.
 * - Everything else is told at once. What was told is also told that it was resolved, silence or not: else a page or a
 *   ticket would stay open for ever.
 */
export function tell(old: Incident | undefined, next: Incident, mutings: readonly Muting[], rule: TellingRule | undefined, now: string): Telling {
  const told = old?.told;
  const { muted: _, ...incident } = next;
  const muted = mutings.length > 0 && !(incident.status === 'resolved' && told !== undefined);
  if (muted) {
    const begins = old?.muted === undefined && old !== undefined;
    const change = begins && PATIENT.has(incident.change) ? 'muted' : incident.change;
    const silent: Incident = { ...incident, change, muted: [...mutings] };
    return { incident: silent, publish: !PATIENT.has(change), dueAt: quietAt(silent, rule) };
  }
  const change = told === undefined && old !== undefined && PATIENT.has(incident.change) ? 'unmuted' : incident.change;
  const waitsUntil = told === undefined ? 0 : Date.parse(told.time) + (rule?.suppress ?? 0);
  if (PATIENT.has(change) && Date.parse(now) < waitsUntil) {
    return { incident, publish: false, dueAt: earlier(new Date(waitsUntil).toISOString(), quietAt(incident, rule)) };
  }
  return { incident: { ...incident, change, told: { version: incident.version, time: now } }, publish: true, dueAt: quietAt(incident, rule) };
}

/** True when a version waits to be told and its time has come. */
export function isOwed(incident: Incident, rule: TellingRule | undefined, now: string): boolean {
  const { told, muted, version } = incident;
  return muted === undefined && told !== undefined && told.version < version && Date.parse(told.time) + (rule?.suppress ?? 0) <= Date.parse(now);
}

/** When the incident resolves itself if nothing joins it, RFC 3339; null when it does not. */
export function quietAt({ status, last_seen, updated_at }: Incident, rule: TellingRule | undefined): string | null {
  if (status === 'resolved' || rule?.resolveAfter === undefined) return null;
  return new Date(Math.max(Date.parse(last_seen), Date.parse(updated_at)) + rule.resolveAfter).toISOString();
}

function earlier(a: string, b: string | null): string {
  return b === null || a < b ? a : b;
}
