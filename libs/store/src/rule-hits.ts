import { byKey, chunks } from './batches.js';
import type { Queryable } from './store.js';
import { columnText } from './text.js';

/** What a rule came to since it was first counted. */
export interface RuleHits {
  rule: string;
  /** Violations that passed its filter. */
  matches: number;
  /** Of them, and of members of other rules, those that were counted on another partition. */
  signals: number;
  /** Incidents that it opened. */
  incidents: number;
  /** Groups or matches given up for want of room. */
  evicted: number;
  /** When one last passed its filter, by our clock; RFC 3339 UTC with milliseconds. */
  lastMatchAt: string | null;
}

/**
 * Adds what one partition counted. Called in the transaction that moves the partition's offset, so that each record is counted once
 * whatever is killed and read again.
 */
export async function addRuleHits(tx: Queryable, home: string, hits: readonly RuleHits[], now: string): Promise<void> {
  const rows = byKey(hits, ({ rule }) => columnText(rule)).map(({ rule, lastMatchAt, ...counts }) => ({
    rule: columnText(rule),
    home,
    ...counts,
    last_match_at: lastMatchAt,
    since: now,
  }));
  for (const chunk of chunks(rows, 8)) {
    await tx
      .insertInto('rule_hits')
      .values([...chunk])
      .onConflict((conflict) =>
        conflict.columns(['rule', 'home']).doUpdateSet(({ eb, fn, ref }) => ({
          matches: eb('rule_hits.matches', '+', ref('excluded.matches')),
          signals: eb('rule_hits.signals', '+', ref('excluded.signals')),
          incidents: eb('rule_hits.incidents', '+', ref('excluded.incidents')),
          evicted: eb('rule_hits.evicted', '+', ref('excluded.evicted')),
          last_match_at: fn.coalesce('excluded.last_match_at', 'rule_hits.last_match_at'),
        })),
      )
      .execute();
  }
}

/** Over all partitions, in the order of the rules' names; also of rules that are in force no more. */
export async function sumRuleHits(db: Queryable): Promise<(RuleHits & { since: string })[]> {
  const rows = await db
    .selectFrom('rule_hits')
    .select(({ fn }) => [
      'rule',
      fn.sum<number>('matches').as('matches'),
      fn.sum<number>('signals').as('signals'),
      fn.sum<number>('incidents').as('incidents'),
      fn.sum<number>('evicted').as('evicted'),
      fn.max('last_match_at').as('lastMatchAt'),
      fn.min('since').as('since'),
    ])
    .groupBy('rule')
    .orderBy('rule')
    .execute();
  return rows.map(({ rule, matches, signals, incidents, evicted, lastMatchAt, since }) => ({
    rule,
    matches: Number(matches),
    signals: Number(signals),
    incidents: Number(incidents),
    evicted: Number(evicted),
    lastMatchAt,
    since,
  }));
}
