import type { Violation } from '@tocsin/domain';
import { sql } from 'kysely';
import { byKey, chunks } from './batches.js';
import { paged, placeOf, type Page, type Paged } from './paging.js';
import type { Queryable } from './store.js';
import { columnText, timeText } from './text.js';

export interface IncidentViolation {
  incidentId: string;
  violationId: string;
  time: string;
  /** The rule that the violation matched, which may be one that the incident's rule is chained to. */
  rule: string;
  /** Version of the incident's rule. */
  ruleVersion: string;
  /** It came later than the correlator waits for. */
  late: boolean;
}

/**
 * Repeats are left out; of a violation that came through several rules the first name stays, whichever came first.
 * Returns those that are new, as `incident/violation`.
 */
export async function addIncidentViolations(db: Queryable, members: readonly IncidentViolation[]): Promise<Set<string>> {
  const added = new Set<string>();
  const byRule = members.toSorted((a, b) => (a.rule < b.rule ? 1 : -1));
  for (const chunk of chunks(byKey(byRule, keyOf), 6)) {
    const rows = await db
      .insertInto('incident_violations')
      .values(
        chunk.map((member) => ({
          incident_id: member.incidentId,
          violation_id: member.violationId,
          time: timeText(member.time),
          rule: columnText(member.rule),
          rule_version: member.ruleVersion,
          late: member.late ? 1 : 0,
        })),
      )
      .onConflict((conflict) => conflict.columns(['incident_id', 'violation_id']).doNothing())
      .returning(['incident_id', 'violation_id'])
      .execute();
    for (const row of rows) added.add(`${row.incident_id}/${row.violation_id}`);
    await lowerRules(
      db,
      chunk.filter((member) => !added.has(keyOf(member))),
    );
  }
  return added;
}

function keyOf({ incidentId, violationId }: IncidentViolation): string {
  return `${incidentId}/${violationId}`;
}

/** Repeats are many after a crash; those that came through another rule before are few. */
async function lowerRules(db: Queryable, repeated: readonly IncidentViolation[]): Promise<void> {
  if (repeated.length === 0) return;
  const keys = sql.join(repeated.map(({ incidentId, violationId }) => sql`(${incidentId}, ${violationId})`));
  const stored = await db
    .selectFrom('incident_violations')
    .select(['incident_id', 'violation_id', 'rule'])
    .where(sql<boolean>`(incident_id, violation_id) in (values ${keys})`)
    .execute();
  const rules = new Map(stored.map((row) => [`${row.incident_id}/${row.violation_id}`, row.rule]));
  for (const member of repeated) if (columnText(member.rule) < (rules.get(keyOf(member)) ?? '')) await lowerRule(db, member);
}

async function lowerRule(db: Queryable, { incidentId, violationId, rule }: IncidentViolation): Promise<void> {
  await db
    .updateTable('incident_violations')
    .set({ rule: columnText(rule) })
    .where('incident_id', '=', incidentId)
    .where('violation_id', '=', violationId)
    .where('rule', '>', columnText(rule))
    .execute();
}

/** Adds what one incident holds to another; it stays in the trail of the first. Returns how many the other did not have. */
export async function copyIncidentViolations(db: Queryable, from: string, into: string): Promise<number> {
  const result = await db
    .insertInto('incident_violations')
    .columns(['incident_id', 'violation_id', 'time', 'rule', 'rule_version', 'late'])
    .expression((eb) =>
      eb
        .selectFrom('incident_violations')
        .select(sql<string>`${columnText(into)}`.as('incident_id'))
        .select(['violation_id', 'time', 'rule', 'rule_version', 'late'])
        .where('incident_id', '=', columnText(from)),
    )
    .onConflict((conflict) => conflict.columns(['incident_id', 'violation_id']).doNothing())
    .executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0n);
}

export interface Evidence {
  /** Of the violation. */
  id: string;
  time: string;
  /** The rule that it matched, and the version of the incident's rule then. */
  rule: string;
  ruleVersion: string;
  late: boolean;
  /** Absent while the store does not hold it: not yet written, or no longer kept. */
  violation?: Violation;
}

/** The evidence trail, newest first. */
export async function incidentViolations(db: Queryable, incidentId: string, page: Page): Promise<Paged<Evidence>> {
  let query = db
    .selectFrom('incident_violations as member')
    .leftJoin('violations', 'violations.id', 'member.violation_id')
    .select(['member.violation_id', 'member.time', 'member.rule', 'member.rule_version', 'member.late', 'violations.document'])
    .where('member.incident_id', '=', columnText(incidentId))
    .orderBy('member.time', 'desc')
    .orderBy('member.violation_id', 'desc')
    .limit(page.limit + 1);
  const place = placeOf(page);
  if (place !== undefined) query = query.where((eb) => eb(eb.refTuple('member.time', 'member.violation_id'), '<', eb.tuple(place.time, place.id)));
  const rows = await query.execute();
  return paged(
    rows,
    page.limit,
    (row) => ({ time: row.time, id: row.violation_id }),
    ({ violation_id: id, time, rule, rule_version: ruleVersion, late, document }) => ({
      id,
      time,
      rule,
      ruleVersion,
      late: late === 1,
      ...(document !== null && { violation: JSON.parse(document) as Violation }),
    }),
  );
}
