import type { Incident } from '@tocsin/domain';
import { Topic, type EventLog } from '@tocsin/event-log';
import type { Database, Store } from '@tocsin/store';

type Columns = Database['incidents'];

/**
 * What must be the same however the incidents came about. Left out, since it tells of the way and not of the set:
 *
 * - `version`, `change`, `updated_at`, `told`, and of a resolution the time: when, and in how many steps.
 * - The partition of `home`; its topic must be the same.
 * - Of the history all `updated`, `escalated`, `muted` and `unmuted`: what one batch brings is one change, an incident that
 *   opens with much in it opens as severe as it is, and whether an inhibiting incident was known at a change depends on
 *   when that was. What an incident ends as, muted or not, is compared.
 */
export interface Outcome {
  incident: Omit<Incident, 'version' | 'change' | 'updated_at' | 'told' | 'resolution'> & { resolution?: { reason: string; by: string } };
  columns: Pick<Columns, 'status' | 'rule' | 'severity_id' | 'cluster' | 'first_seen' | 'last_seen' | 'muted' | 'assignee'>;
  home: string;
  namespaces: string[];
  /** Every row of its evidence as one text. */
  trail: string[];
  /** How often each of these stands in its history. */
  history: Record<'opened' | 'resolved' | 'reopened', number>;
}

export async function readOutcome({ db }: Store): Promise<Outcome[]> {
  const rows = await db.selectFrom('incidents').selectAll().orderBy('id').execute();
  const trails = grouped(await db.selectFrom('incident_violations').selectAll().orderBy('violation_id').execute());
  const namespaces = grouped(await db.selectFrom('incident_namespaces').selectAll().orderBy('namespace').execute());
  const histories = grouped(await db.selectFrom('incident_history').selectAll().orderBy('version').execute());
  return rows.map((row) => {
    const { version: _v, change: _c, updated_at: _u, told: _t, resolution, ...incident } = JSON.parse(row.document) as Incident;
    const { status, rule, severity_id, cluster, first_seen, last_seen, muted, assignee } = row;
    const history = histories.get(row.id) ?? [];
    const times = (change: string): number => history.filter((entry) => entry.change === change).length;
    return {
      incident: { ...incident, ...(resolution !== undefined && { resolution: { reason: resolution.reason, by: resolution.by } }) },
      columns: { status, rule, severity_id, cluster, first_seen, last_seen, muted, assignee },
      home: row.home.slice(0, row.home.indexOf('/')),
      namespaces: (namespaces.get(row.id) ?? []).map(({ namespace }) => namespace),
      trail: (trails.get(row.id) ?? []).map(({ violation_id, time, rule: via, rule_version, late }) =>
        [violation_id, time, via, rule_version, late].join(' '),
      ),
      history: { opened: times('opened'), resolved: times('resolved'), reopened: times('reopened') },
    };
  });
}

function grouped<Row extends { incident_id: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.incident_id);
    if (group === undefined) groups.set(row.incident_id, [row]);
    else group.push(row);
  }
  return groups;
}

/** What must hold in any run by itself, as sentences about what does not. */
export async function contradictions({ db }: Store, told: readonly Told[]): Promise<string[]> {
  const found: string[] = [];
  const histories = grouped(await db.selectFrom('incident_history').selectAll().orderBy('version').execute());
  const trails = grouped(await db.selectFrom('incident_violations').select(['incident_id', 'violation_id']).execute());
  const seen = new Map<string, Told>();
  const latest = new Map<string, number>();
  for (const one of told) {
    const key = `${one.id}/${one.version}`;
    const before = seen.get(key);
    if (before === undefined && one.version < (latest.get(one.id) ?? 0)) found.push(`${key} was told for the first time after a later version`);
    if (before !== undefined && before.text !== one.text) found.push(`${key} was told again with other words`);
    seen.set(key, one);
    latest.set(one.id, Math.max(one.version, latest.get(one.id) ?? 0));
  }
  for (const { id, document } of await db.selectFrom('incidents').select(['id', 'document']).execute()) {
    const incident = JSON.parse(document) as Incident;
    const history = histories.get(id) ?? [];
    const last = history.at(-1);
    if (history[0]?.change !== 'opened') found.push(`${id} begins with ${history[0]?.change}`);
    for (const { version } of history) if (!seen.delete(`${id}/${version}`)) found.push(`${id}/${version} is in the history and was not told`);
    history.slice(1).forEach((entry, index) => {
      const before = history[index] as typeof entry;
      if (entry.count < before.count || entry.severity_id < before.severity_id) found.push(`${id}/${entry.version} has less than the version before`);
    });
    const trail = trails.get(id)?.length ?? 0;
    if (incident.count !== trail) found.push(`${id} counts ${incident.count}, its trail has ${trail}`);
    const current = last?.count === incident.count && last.severity_id === incident.severity_id && last.to_status === incident.status;
    if (incident.muted === undefined && !current) found.push(`${id} was last told as it was, not as it is`);
  }
  return [...found, ...[...seen.keys()].map((key) => `${key} was told and is not in the history`)];
}

export interface Told {
  id: string;
  version: number;
  text: string;
}

/** Everything on the topic of incidents, in the order of each incident. */
export async function readTold(log: EventLog): Promise<Told[]> {
  const told: Told[] = [];
  const total = (await log.offsets(Topic.Incidents)).reduce((sum, { end }) => sum + end, 0);
  const complete = Promise.withResolvers<void>();
  const consumer = await log.consume({
    topic: Topic.Incidents,
    group: 'equivalence',
    onBatch: async ({ records }) => {
      for (const { value } of records) {
        const text = value.toString();
        const { id, version } = JSON.parse(text) as Incident;
        told.push({ id, version, text });
      }
      if (told.length >= total) complete.resolve();
    },
  });
  await complete.promise;
  await consumer.stop();
  return told;
}
