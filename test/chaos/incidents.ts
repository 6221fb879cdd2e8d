import type { Incident } from '@tocsin/domain';

/** What must be the same however the run went: what an incident holds and why, without when and in how many steps it came to hold it. */
export interface ComparableIncident extends Omit<Incident, 'version' | 'change' | 'updated_at' | 'told' | 'late'> {
  /** Every violation of its evidence, with the rule that it matched. */
  trail: string[];
}

interface Page<T> {
  items: T[];
  next_cursor?: string;
}

/** What is not compared, but must have been there. */
export const looked = { inhibited: 0 };

/** Incidents as the API has them. */
export function listIncidents(apiUrl: string): Promise<Incident[]> {
  return all<Incident>(`${apiUrl}/v1/incidents?limit=500`, (page) => page as Page<Incident>);
}

export async function readIncidents(apiUrl: string): Promise<ComparableIncident[]> {
  looked.inhibited = 0;
  const incidents = await listIncidents(apiUrl);
  const comparable: ComparableIncident[] = [];
  for (const { version: _version, change: _change, updated_at: _updated, told: _told, late: _late, ...incident } of incidents) {
    const url = `${apiUrl}/v1/incidents/${incident.id}?limit=500`;
    const trail = await all(url, (body) => (body as { evidence: Page<{ id: string; rule: string }> }).evidence);
    // Whether another incident inhibits this one is looked at when this one changes, so it depends on which of them changed last.
    const { muted = [], ...rest } = incident;
    const silences = muted.filter(({ by }) => by === 'silence');
    const inhibited = muted.length > silences.length;
    comparable.push({ ...rest, ...(silences.length > 0 && { muted: silences }), trail: trail.map(({ id, rule }) => `${id} ${rule}`).toSorted() });
    if (inhibited) looked.inhibited += 1;
  }
  return comparable.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

async function all<T>(url: string, pageOf: (body: unknown) => Page<T>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const response = await fetch(`${url}${cursor === undefined ? '' : `&cursor=${cursor}`}`);
    if (!response.ok) throw new Error(`The API answered ${response.status}: ${await response.text()}`);
    const page = pageOf(await response.json());
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return items;
}
