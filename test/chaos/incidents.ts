import type { Incident } from '@tocsin/domain';

/** What must be the same however the run went; `change` only words the last step. */
export type ComparableIncident = Omit<Incident, 'change'>;

export async function readIncidents(apiUrl: string): Promise<ComparableIncident[]> {
  const incidents: ComparableIncident[] = [];
  let cursor: string | undefined;
  do {
    const response = await fetch(`${apiUrl}/v1/incidents?limit=500${cursor === undefined ? '' : `&cursor=${cursor}`}`);
    if (!response.ok) throw new Error(`The API answered ${response.status}: ${await response.text()}`);
    const page = (await response.json()) as { items: Incident[]; next_cursor?: string };
    for (const { change: _change, ...incident } of page.items) incidents.push(incident);
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return incidents.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
