import { pruneCommands, pruneDeadLetters, pruneIncidents, pruneSilences, pruneViolations, type Store } from '@tocsin/store';

/** How long what is over is kept, in days. */
export interface RetentionDays {
  incidents: number;
  violations: number;
  deadLetters: number;
  silences: number;
  commands: number;
}

const DAY_MS = 24 * 3_600_000;
/** Rows that are deleted at a time: nothing is locked for long. */
const STEP = 1_000;

/**
 * Deletes what is past its time. Incidents go first, since their trails keep violations. Any number of replicas may do it at once: each
 * deletes what is left. Resolves to how much of each went.
 */
export async function sweepRetention(store: Store, days: RetentionDays, now: number): Promise<Record<keyof RetentionDays, number>> {
  const before = (age: number): string => new Date(now - age * DAY_MS).toISOString();
  const incidents = await whole(() => store.transaction((tx) => pruneIncidents(tx, before(days.incidents), STEP)));
  let violations = 0;
  let cursor: string | undefined;
  do {
    const page = await pruneViolations(store.db, before(days.violations), { limit: STEP, cursor });
    violations += page.deleted;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return {
    incidents,
    violations,
    deadLetters: await whole(() => pruneDeadLetters(store.db, before(days.deadLetters), STEP)),
    silences: await whole(() => pruneSilences(store.db, before(days.silences), STEP)),
    commands: await whole(() => pruneCommands(store.db, before(days.commands), STEP)),
  };
}

/** Step by step, until a step finds less than it might have. */
async function whole(step: () => Promise<number>): Promise<number> {
  let total = 0;
  for (;;) {
    const deleted = await step();
    total += deleted;
    if (deleted < STEP) return total;
  }
}
