import type { Incident } from '@tocsin/domain';
import { loadRuleStates, type IncidentRow, type Page, type Paged, type Queryable, type RuleStateRow, type Store } from '../index.js';

/** How a database shows itself to the suite. */
export interface StoreHarness {
  /** A store on an empty database, not migrated. */
  open(): Promise<Store>;
  /** Another store, as another process would open it, on the database of the last `open`; undefined when it has one owner. */
  again?(): Promise<Store>;
  /** After each test. */
  drop?(): Promise<void>;
}

/** Gives the migrated store of the test that runs. */
export type CurrentStore = () => Store;

/** Texts that sensors, or those who attack them, may send. */
export const HOSTILE = {
  nul: 'a\u0000b',
  'lone surrogate': 'a\uD800b',
  'four-byte characters': '😀'.repeat(150),
  'quotes and SQL': `x' or 1=1; drop table incidents; -- " \\ %_`,
  'control characters': 'a\r\n\t\u001b[31m',
  // Does not compress, so that it is as large in an index as it looks.
  'long and dense': Array.from({ length: 20_000 }, (_, n) => String.fromCharCode(0x4e00 + ((n * 7919) % 20_000))).join(''),
  empty: '',
} as const;

/** All items, fetched page by page. */
export async function allPages<T>(list: (page: Page) => Promise<Paged<T>>, limit: number): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page: Paged<T> = await list({ limit, cursor });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return items;
}

/** An incident as a partition keeps it that has nothing more to do with it. */
export function kept(incident: Incident, parts: Partial<IncidentRow> = {}): IncidentRow {
  return { incident, home: 't/0', dueAt: null, ...parts };
}

export async function allRuleStates(db: Queryable, topic: string, partition: number): Promise<RuleStateRow[]> {
  const states: RuleStateRow[] = [];
  await loadRuleStates(db, topic, partition, (rows) => void states.push(...rows));
  return states;
}
