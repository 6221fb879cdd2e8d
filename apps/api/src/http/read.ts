import type { Incident, SeverityId, Violation } from '@tocsin/domain';
import {
  casesOf,
  getDeadLetter,
  getIncidents,
  getViolation,
  incidentHistory,
  incidentViolations,
  listDeadLetters,
  listIncidents,
  listViolations,
  type CaseRow,
  type Evidence,
  type HistoryEntry,
  type Store,
} from '@tocsin/store';
import type { CaseBody } from '../resources/case.js';
import { showDeadLetter, showDeadLetterSummary, type DeadLetter, type DeadLetterSummary } from '../resources/dead-letter.js';
import type { EvidenceBody, HistoryBody } from '../resources/incident.js';
import { notFound } from './answer.js';
import { showPage, type PageBody } from './pages.js';
import { deadLettersQuery, evidenceQuery, historyQuery, incidentsQuery, minimumSeverity, noQuery, readQuery, violationsQuery } from './query.js';

export interface IncidentBody {
  incident: Incident;
  evidence: PageBody<EvidenceBody>;
  cases: CaseBody[];
}

const asIs = <T>(item: T): T => item;

export async function readViolations({ db }: Store, query: unknown): Promise<PageBody<Violation>> {
  const { limit, cursor, severity, ...filter } = readQuery(violationsQuery, query);
  return showPage(await listViolations(db, { ...filter, severity: minimumSeverity(severity) }, { limit, cursor }), asIs);
}

export async function readViolation({ db }: Store, id: string, query: unknown): Promise<Violation> {
  readQuery(noQuery, query);
  const violation = await getViolation(db, id);
  if (violation === undefined) throw notFound('violation');
  return violation;
}

export async function readIncidents({ db }: Store, query: unknown): Promise<PageBody<Incident>> {
  const { limit, cursor, severity, muted, ...filter } = readQuery(incidentsQuery, query);
  const more = { severity: minimumSeverity(severity), muted: muted === undefined ? undefined : muted === 'true' };
  return showPage(await listIncidents(db, { ...filter, ...more }, { limit, cursor }), asIs);
}

/** The incident and a page of its evidence trail. */
export async function readIncident({ db }: Store, id: string, query: unknown): Promise<IncidentBody> {
  const page = readQuery(evidenceQuery, query);
  const incident = (await getIncidents(db, [id])).get(id);
  if (incident === undefined) throw notFound('incident');
  const [evidence, cases] = await Promise.all([incidentViolations(db, id, page), casesOf(db, id)]);
  return { incident, evidence: showPage(evidence, showEvidence), cases: cases.map(showCase) };
}

export function showCase({ subscription, state, name, url, reason, updatedAt }: CaseRow): CaseBody {
  return {
    subscription,
    state,
    ...(name !== undefined && { name }),
    ...(url !== undefined && { url }),
    ...(reason !== '' && { reason }),
    updated_at: updatedAt,
  };
}

function showEvidence({ ruleVersion, ...rest }: Evidence): EvidenceBody {
  return { ...rest, rule_version: ruleVersion };
}

/** What became of the incident, step by step. */
export async function readHistory({ db }: Store, id: string, query: unknown): Promise<PageBody<HistoryBody>> {
  const page = readQuery(historyQuery, query);
  if (!(await getIncidents(db, [id])).has(id)) throw notFound('incident');
  return showPage(await incidentHistory(db, id, page), showHistory);
}

function showHistory({ incidentId: _incidentId, fromStatus, toStatus, severityId, ...rest }: HistoryEntry): HistoryBody {
  return { ...rest, from_status: fromStatus, to_status: toStatus, severity_id: severityId as SeverityId };
}

export async function readDeadLetters({ db }: Store, query: unknown): Promise<PageBody<DeadLetterSummary>> {
  const { limit, cursor, ...filter } = readQuery(deadLettersQuery, query);
  return showPage(await listDeadLetters(db, filter, { limit, cursor }), showDeadLetterSummary);
}

export async function readDeadLetterById({ db }: Store, id: string, query: unknown): Promise<DeadLetter> {
  readQuery(noQuery, query);
  const row = await getDeadLetter(db, id);
  if (row === undefined) throw notFound('dead letter');
  return showDeadLetter(row);
}
