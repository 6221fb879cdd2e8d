import type { Incident } from '@tocsin/domain';
import { dueIncidents, lockIncidents, mutedIncidents, type Queryable } from '@tocsin/store';
import { writeVersions, write, type IncidentVersion, type WriterDeps } from './incident-writer.js';
import { changed, quieted } from './lifecycle.js';
import { isOwed, quietAt, tell, type Telling } from './telling.js';

/** Incidents looked at in one go; the rest is due the next time. */
const STEP = 200;

/** What time brings about for the incidents of one home: what waited is told, what fell quiet is resolved, what was muted and is no more is told. True when something is to be sent. */
export async function sweepIncidents(tx: Queryable, home: string, deps: WriterDeps): Promise<boolean> {
  const due = await dueIncidents(tx, [home], deps.now, STEP);
  const muted = await unmuted(tx, home, deps);
  if (due.length + muted.length === 0) return false;
  const rows = await lockIncidents(tx, [...due.map(({ id }) => id), ...muted.map(({ incident }) => incident.id)]);
  const ended: IncidentVersion[] = [];
  const waited: (IncidentVersion & Telling)[] = [];
  for (const old of rows.values()) {
    const { incident } = old;
    const rule = deps.rules.byName.get(incident.rule.name);
    const quiet = quietAt(incident, rule);
    if (quiet !== null && quiet <= deps.now) ended.push({ old, home, incident: quieted(incident, deps.now) });
    else if (incident.muted !== undefined && deps.mutings.of(incident, deps.rules, deps.now).length === 0) {
      ended.push({ old, home, incident: { ...changed(incident, deps.now), change: 'unmuted' } });
    } else if (isOwed(incident, rule, deps.now)) {
      waited.push({ old, home, ...tell(incident, { ...incident, change: 'updated' }, [], rule, deps.now) });
    } else if (old.dueAt !== null && old.dueAt <= deps.now) {
      waited.push({ old, home, incident, publish: false, dueAt: quiet });
    }
  }
  await writeVersions(tx, ended, deps);
  await write(tx, waited);
  return ended.length + waited.length > 0;
}

/** Muted incidents that nothing mutes any more. Those that stay muted may be many, so they are gone through. */
async function unmuted(tx: Queryable, home: string, { mutings, rules, now }: WriterDeps): Promise<{ incident: Incident }[]> {
  let after = '';
  for (;;) {
    const page = await mutedIncidents(tx, [home], STEP, after);
    const ended = page.filter(({ incident }) => mutings.of(incident, rules, now).length === 0);
    const last = page.at(-1);
    if (ended.length > 0 || page.length < STEP || last === undefined) return ended;
    after = last.incident.id;
  }
}
