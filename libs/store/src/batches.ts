/** Both databases bound the parameters of a statement: Postgres 65,535, SQLite 32,766. */
const MAX_PARAMETERS = 30_000;

/** Splits rows of so many columns into statements that stay below the parameter limits. */
export function* chunks<T>(rows: readonly T[], columns: number): Generator<readonly T[]> {
  const size = Math.floor(MAX_PARAMETERS / columns);
  for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size);
}

/**
 * Rows in the order of their keys, one per key, the last one given. Postgres locks rows in the order they come, so
 * two batches with the same rows in different orders would deadlock; and it refuses to update a row twice at once.
 */
export function byKey<T>(rows: readonly T[], key: (row: T) => string): T[] {
  const unique = new Map(rows.map((row) => [key(row), row]));
  return [...unique].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
