import { severityName, type Incident } from '@tocsin/domain';
import { demoAttack } from './attack.js';

/** Tells the demo's story on standard output; everything goes through the product's own front door. */
export async function playDemo(url: string, cluster: string, nowMs: number, print: (line: string) => void): Promise<void> {
  const events = demoAttack(nowMs, cluster);
  let accepted = 0;
  for (const { source, body } of events) {
    const response = await fetch(`${url}/v1/sources/${source}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`The demo's event was refused with ${response.status}: ${await response.text()}`);
    accepted++;
  }
  print(`Demo: ${accepted} violations of an attack, as Falco and NeuVector report it, were accepted.`);
  const incidents = await settled(url, new Date(nowMs - 3_600_000).toISOString());
  const told = incidents.filter(({ muted = [] }) => muted.length === 0);
  const inhibited = incidents.length - told.length;
  print(`They became ${told.length} incidents that somebody is told of${inhibited === 0 ? '' : `, and ${inhibited} that are parts of these`}:\n`);
  for (const incident of told.toSorted((a, b) => b.severity_id - a.severity_id || (a.first_seen < b.first_seen ? -1 : 1))) {
    print(`  ${severityName(incident.severity_id).padEnd(9)} ${incident.title}`);
    print(`            ${incident.reason}`);
  }
  print(`\nSee one whole: curl ${url}/v1/incidents/${worst(told)?.id ?? ''}\n`);
}

function worst(incidents: readonly Incident[]): Incident | undefined {
  return incidents.toSorted((a, b) => b.severity_id - a.severity_id)[0];
}

const SETTLED_AFTER_MS = 400;
const LOOK_EVERY_MS = 100;
const GIVE_UP_AFTER_MS = 15_000;

/** The incidents, once nothing has changed for a moment. */
async function settled(url: string, since: string): Promise<Incident[]> {
  const end = Date.now() + GIVE_UP_AFTER_MS;
  let last = '';
  let incidents: Incident[] = [];
  let changed = Date.now();
  while (Date.now() < end) {
    const response = await fetch(`${url}/v1/incidents?limit=100&since=${since}`);
    const text = await response.text();
    if (response.status === 401) throw new Error('The demo shows no token, and the API wants one: start it without "api.authentication.token".');
    if (text !== last) changed = Date.now();
    last = text;
    incidents = (JSON.parse(text) as { items: Incident[] }).items;
    if (incidents.length > 0 && Date.now() - changed > SETTLED_AFTER_MS) break;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return incidents;
}
