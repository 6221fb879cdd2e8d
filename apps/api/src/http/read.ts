import type { Incident, Violation } from '@tocsin/domain';
import {
  getDeadLetter,
  getIncidents,
  getViolation,
  incidentViolations,
  listDeadLetters,
  listIncidents,
  listViolations,
  type Evidence,
  type Store,
} from '@tocsin/store';
import { showDeadLetter, showDeadLetterSummary, type DeadLetter, type DeadLetterSummary } from '../resources/dead-letter.js';
import { notFound } from './answer.js';
import { showPage, type PageBody } from './pages.js';
import { deadLettersQuery, evidenceQuery, incidentsQuery, minimumSeverity, noQuery, readQuery, violationsQuery } from './query.js';

export interface IncidentBody {
  incident: Incident;
  evidence: PageBody<Evidence>;
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
  const { limit, cursor, severity, ...filter } = readQuery(incidentsQuery, query);
  return showPage(await listIncidents(db, { ...filter, severity: minimumSeverity(severity) }, { limit, cursor }), asIs);
}

/** The incident and a page of its evidence trail. */
export async function readIncident({ db }: Store, id: string, query: unknown): Promise<IncidentBody> {
  const page = readQuery(evidenceQuery, query);
  const incident = (await getIncidents(db, [id])).get(id);
  if (incident === undefined) throw notFound('incident');
  return { incident, evidence: showPage(await incidentViolations(db, id, page), asIs) };
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
