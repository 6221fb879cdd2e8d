import { actionKey, type Action, type ActionState } from '@tocsin/domain';
import { byKey, chunks } from './batches.js';
import { locksRows } from './locking.js';
import { paged, placeOf, type Page, type Paged } from './paging.js';
import type { Queryable } from './store.js';
import { columnText, documentText, nullableColumnText, timeText } from './text.js';

/** An action, and what the responder needs beside it. */
export interface ActionRow<Work = unknown> {
  action: Action;
  /** What the responder alone reads; plain JSON. */
  work: Work;
  /** Whether it counts as standing: it was allowed and is not over. */
  holds: boolean;
  /** Whether it takes something away from its target. */
  disrupts: boolean;
  /** When the responder must look at it again, RFC 3339; null: never. */
  dueAt: string | null;
}

export interface ActionFilter {
  state?: readonly ActionState[] | undefined;
  policy?: string | undefined;
  type?: string | undefined;
  cluster?: string | undefined;
  namespace?: string | undefined;
  /** Id of the incident or violation that is answered. */
  subject?: string | undefined;
}

const COLUMNS = ['document', 'work', 'holds', 'disrupts', 'due_at'] as const;
type Row = { document: string; work: string; holds: number; disrupts: number; due_at: string | null };

/** Adds those that are not there yet, and returns the ids of these. */
export async function insertActions(tx: Queryable, rows: readonly ActionRow[]): Promise<Set<string>> {
  const added = new Set<string>();
  for (const chunk of chunks(
    byKey(rows, ({ action }) => action.id),
    22,
  )) {
    const inserted = await tx
      .insertInto('actions')
      .values(
        chunk.map((row) => ({
          id: row.action.id,
          subject_id: columnText(row.action.incident ?? row.action.violation ?? ''),
          target_key: columnText(actionKey(row.action)),
          policy: columnText(row.action.policy),
          type: row.action.type,
          created_at: timeText(row.action.created_at),
          ...changing(row),
        })),
      )
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returning('id')
      .execute();
    for (const { id } of inserted) added.add(id);
  }
  return added;
}

/** A claim on it stays: whoever works on it must come to an end before others begin. */
export async function updateAction(tx: Queryable, row: ActionRow): Promise<void> {
  await tx.updateTable('actions').set(changing(row)).where('id', '=', row.action.id).execute();
}

/** Gives the claim back, if it still is this owner's. */
export async function releaseAction(tx: Queryable, id: string, owner: string): Promise<void> {
  await tx.updateTable('actions').set({ claimed_by: null, claimed_until: null }).where('id', '=', id).where('claimed_by', '=', owner).execute();
}

function changing({ action, work, holds, disrupts, dueAt }: ActionRow) {
  const scope = action.plan?.scope;
  return {
    version: action.version,
    state: action.state,
    cluster: columnText(scope?.cluster ?? action.cluster),
    namespace: nullableColumnText(scope?.namespace),
    workload: nullableColumnText(scope?.workload?.uid),
    pod: nullableColumnText(scope?.pod?.uid),
    node: nullableColumnText(scope?.node),
    severity_id: action.severity_id,
    holds: holds ? 1 : 0,
    disrupts: disrupts ? 1 : 0,
    started_at: action.started_at === undefined ? null : timeText(action.started_at),
    updated_at: timeText(action.time),
    document: documentText(action),
    work: documentText(work),
    due_at: dueAt === null ? null : timeText(dueAt),
  };
}

export async function getAction<Work>(db: Queryable, id: string): Promise<ActionRow<Work> | undefined> {
  const row = await db.selectFrom('actions').select(COLUMNS).where('id', '=', columnText(id)).executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
}

/** Those of the ids that exist. */
export async function getActions<Work>(db: Queryable, ids: readonly string[]): Promise<ActionRow<Work>[]> {
  const found: ActionRow<Work>[] = [];
  for (const chunk of chunks(ids, 1)) {
    const rows = await db.selectFrom('actions').select(COLUMNS).where('id', 'in', chunk.map(columnText)).execute();
    found.push(...rows.map((row) => fromRow<Work>(row)));
  }
  return found;
}

/** All that was planned about one incident or violation. */
export async function actionsOf<Work>(db: Queryable, subject: string): Promise<ActionRow<Work>[]> {
  const rows = await db.selectFrom('actions').select(COLUMNS).where('subject_id', '=', columnText(subject)).orderBy('id').execute();
  return rows.map((row) => fromRow<Work>(row));
}

/** By when they were planned, the newest first. */
export async function listActions(db: Queryable, filter: ActionFilter, page: Page): Promise<Paged<Action>> {
  let query = db
    .selectFrom('actions')
    .select(['id', 'created_at', 'document'])
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1);
  if (filter.state !== undefined) query = query.where('state', 'in', [...filter.state]);
  for (const column of ['policy', 'type', 'cluster', 'namespace'] as const) {
    const value = filter[column];
    if (value !== undefined) query = query.where(column, '=', columnText(value));
  }
  if (filter.subject !== undefined) query = query.where('subject_id', '=', columnText(filter.subject));
  const place = placeOf(page);
  if (place !== undefined) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(place.time, place.id)));
  return paged(
    await query.execute(),
    page.limit,
    (row) => ({ time: row.created_at, id: row.id }),
    (row) => JSON.parse(row.document) as Action,
  );
}

export interface Claim {
  /** Who claims; another owner may once the claim is over. */
  owner: string;
  now: string;
  until: string;
  limit: number;
}

/** Takes actions that are due and that nobody else works on, the longest waiting first. Two replicas never get the same one. */
export async function claimActions<Work>(tx: Queryable, { owner, now, until, limit }: Claim): Promise<ActionRow<Work>[]> {
  let due = tx
    .selectFrom('actions')
    .select('id')
    .where('due_at', '<=', timeText(now))
    .where((eb) => eb.or([eb('claimed_until', 'is', null), eb('claimed_until', '<=', timeText(now))]))
    .orderBy('due_at')
    .limit(limit);
  if (locksRows(tx)) due = due.forUpdate().skipLocked();
  const ids = (await due.execute()).map(({ id }) => id);
  if (ids.length === 0) return [];
  const rows = await tx
    .updateTable('actions')
    .set({ claimed_by: owner, claimed_until: timeText(until) })
    .where('id', 'in', ids)
    .returning(['id', ...COLUMNS])
    .execute();
  const found = new Map(rows.map((row) => [row.id, fromRow<Work>(row)]));
  return ids.flatMap((id) => found.get(id) ?? []);
}

function fromRow<Work>({ document, work, holds, disrupts, due_at: dueAt }: Row): ActionRow<Work> {
  return { action: JSON.parse(document) as Action, work: JSON.parse(work) as Work, holds: holds !== 0, disrupts: disrupts !== 0, dueAt };
}
