import { createHash } from 'node:crypto';
import { canonicalJson } from '@tocsin/domain';
import type { Queryable } from './store.js';
import { columnText, freeText, timeText } from './text.js';

/** Who did what, when and why. */
export interface AuditEntry {
  time: string;
  /** A person, or `tocsin`. */
  actor: string;
  /** What happened, such as `action.approved`. */
  event: string;
  /** Id of the action, or what else it is about. */
  subject: string;
  detail: Record<string, unknown>;
}

export interface AuditRecord extends AuditEntry {
  /** 1, 2, 3 and so on. */
  seq: number;
  /** Of the record before; of the first one `GENESIS`. */
  previousHash: string;
  /** SHA-256, in hexadecimal, over all of the above. */
  hash: string;
}

/** What the first record names as the one before it. */
export const GENESIS = '0'.repeat(64);

/**
 * Adds to the end of the chain: each record holds the hash of the one before it, so that none can be changed, left out or put in
 * between without breaking what follows. The caller's transaction MUST hold `lockControl`, since the chain has one end.
 */
export async function appendAudit(tx: Queryable, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const last = await tx.selectFrom('audit').select(['seq', 'hash']).orderBy('seq', 'desc').limit(1).executeTakeFirst();
  let { seq, hash } = last ?? { seq: 0, hash: GENESIS };
  for (const entry of entries) {
    seq += 1;
    const row = {
      seq,
      time: timeText(entry.time),
      actor: freeText(entry.actor),
      event: entry.event,
      subject: columnText(entry.subject),
      detail: canonicalJson(entry.detail),
      previous_hash: hash,
    };
    hash = hashOf(row);
    await tx
      .insertInto('audit')
      .values({ ...row, hash })
      .execute();
  }
}

interface HashedRow {
  seq: number;
  time: string;
  actor: string;
  event: string;
  subject: string;
  detail: string;
  previous_hash: string;
}

function hashOf({ seq, time, actor, event, subject, detail, previous_hash: previous }: HashedRow): string {
  return createHash('sha256')
    .update(JSON.stringify([seq, time, actor, event, subject, detail, previous]))
    .digest('hex');
}

/** Records from `after` on, the oldest first; all, or those about one subject. */
export async function auditRecords(
  db: Queryable,
  { after = 0, limit, subject }: { after?: number; limit: number; subject?: string },
): Promise<AuditRecord[]> {
  let query = db.selectFrom('audit').selectAll().where('seq', '>', after).orderBy('seq').limit(limit);
  if (subject !== undefined) query = query.where('subject', '=', columnText(subject));
  return (await query.execute()).map(({ previous_hash: previousHash, detail, ...row }) => ({
    ...row,
    previousHash,
    detail: JSON.parse(detail) as Record<string, unknown>,
  }));
}

/** Where a chain is broken, or how long it is. Keep the last hash elsewhere: a chain that was cut at its end looks whole. */
export type AuditVerdict = { ok: true; records: number; lastHash: string } | { ok: false; seq: number; why: string };

const STEP = 1_000;

/** Reads the whole chain and computes every hash again. */
export async function verifyAudit(db: Queryable): Promise<AuditVerdict> {
  let records = 0;
  let lastHash = GENESIS;
  for (;;) {
    const rows = await db.selectFrom('audit').selectAll().where('seq', '>', records).orderBy('seq').limit(STEP).execute();
    for (const row of rows) {
      if (row.seq !== records + 1) return { ok: false, seq: records + 1, why: `record ${records + 1} is missing` };
      if (row.previous_hash !== lastHash) return { ok: false, seq: row.seq, why: 'it does not follow from the record before' };
      if (row.hash !== hashOf(row)) return { ok: false, seq: row.seq, why: 'its content was changed' };
      records = row.seq;
      lastHash = row.hash;
    }
    if (rows.length < STEP) return { ok: true, records, lastHash };
  }
}
