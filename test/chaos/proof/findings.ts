import type { Incident } from '@tocsin/domain';
import type { FakeJira } from '@tocsin/testing';
import { listIncidents, readIncidents, type ComparableIncident } from '../incidents.ts';
import type { Obligation } from '../load.ts';
import { judge } from '../oracle.ts';
import type { World } from './world.ts';

/** Statuses of the fake Jira: to do, in progress, done. */
const TICKET_STATUS = { open: '1', acknowledged: '3', contained: '3', resolved: '5' } as const;
const NAMED = 5;

/** Sentences about everything that is not as it must be; none is what is hoped for. */
export async function findings(
  world: World,
  obligations: ReadonlyMap<string, Obligation>,
  expected: readonly ComparableIncident[],
): Promise<string[]> {
  const found: string[] = [];
  for (const { receiver, missing, violations } of judge(world.receivers, obligations)) {
    if (missing.length > 0) found.push(`${receiver}: ${missing.length} of ${obligations.size} are missing: ${firsts(missing)}`);
    if (violations.length > 0) found.push(`${receiver}: ${violations.length} that must not be: ${firsts(violations)}`);
  }
  const incidents = await readIncidents(world.api.url);
  found.push(...difference(incidents, expected), ...ticketFindings(world, await listIncidents(world.api.url)));
  const audit = await get<{ ok?: boolean }>(world, '/v1/audit/verify');
  if (audit.ok !== true) found.push(`the record of actions is not whole: ${JSON.stringify(audit)}`);
  const letters = await get<{ items: { id: string; reason: string }[] }>(world, '/v1/dead-letters?limit=100');
  if (letters.items.length > 0)
    found.push(`${letters.items.length} dead letters though nothing was refused: ${firsts(letters.items.map((one) => JSON.stringify(one)))}`);
  return found;
}

function difference(incidents: readonly ComparableIncident[], expected: readonly ComparableIncident[]): string[] {
  const byId = new Map(incidents.map((incident) => [incident.id, JSON.stringify(incident)]));
  const wanted = new Map(expected.map((incident) => [incident.id, JSON.stringify(incident)]));
  const lacking = [...wanted.keys()].filter((id) => !byId.has(id));
  const extra = [...byId.keys()].filter((id) => !wanted.has(id));
  const other = [...wanted].filter(([id, text]) => byId.has(id) && byId.get(id) !== text);
  return [
    ...(lacking.length > 0 ? [`${lacking.length} incidents of the undisturbed run are not there: ${firsts(lacking)}`] : []),
    ...(extra.length > 0 ? [`${extra.length} incidents are not those of the undisturbed run: ${firsts(extra)}`] : []),
    ...other.slice(0, NAMED).map(([id, text]) => `incident ${id} is\n  ${byId.get(id)}\ninstead of\n  ${text}`),
    ...(other.length > NAMED ? [`and ${other.length - NAMED} more differ`] : []),
  ];
}

/** One ticket of each incident that people were told of, in its state; none of the others. */
function ticketFindings({ tickets }: World, incidents: readonly Incident[]): string[] {
  const found: string[] = [];
  const byLabel = new Map<string, FakeJira['issues']>();
  for (const ticket of tickets.issues) {
    for (const label of ticket.fields['labels'] as string[]) byLabel.set(label, [...(byLabel.get(label) ?? []), ticket]);
  }
  for (const { id, status, muted, told } of incidents) {
    const own = byLabel.get(`tocsin-${id}`) ?? [];
    const [ticket] = own;
    if (own.length > 1) found.push(`incident ${id} has ${own.length} tickets: ${own.map(({ key }) => key).join(', ')}`);
    if ((told === undefined) !== (ticket === undefined)) found.push(`incident ${id} was ${told ? '' : 'not '}told and has ${own.length} tickets`);
    // What became of a muted one is not told.
    if (muted === undefined && ticket !== undefined && ticket.status !== TICKET_STATUS[status])
      found.push(`${ticket.key} of incident ${id} is in status ${ticket.status}, the incident is ${status}`);
  }
  return found;
}

async function get<T>(world: World, path: string): Promise<T> {
  const response = await fetch(`${world.api.url}${path}`);
  if (!response.ok) throw new Error(`GET ${path} was answered with ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

function firsts(texts: readonly string[]): string {
  return `${texts.slice(0, NAMED).join('; ')}${texts.length > NAMED ? '; …' : ''}`;
}
