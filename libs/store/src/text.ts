/** Longest text in a filter column: a Postgres index row holds at most about 2,700 bytes, and a character has up to 4. */
const COLUMN_CHARACTERS = 500;

/**
 * Text for a filter column. Postgres refuses NUL in text, and lone surrogates are not UTF-8: both are replaced here.
 * The document beside the column keeps them, as JSON escapes.
 */
export function columnText(text: string): string {
  return text.slice(0, COLUMN_CHARACTERS).toWellFormed().replaceAll('\u0000', '\uFFFD');
}

export function nullableColumnText(text: string | undefined): string | null {
  return text === undefined ? null : columnText(text);
}

/** JSON whose text any database takes: JSON.stringify escapes NUL and lone surrogates. */
export function documentText(value: unknown): string {
  return JSON.stringify(value);
}

/** Splits rows so that a statement stays below the parameter limits (Postgres 65,535; SQLite 32,766). */
export function* chunks<T>(rows: readonly T[], columns: number): Generator<readonly T[]> {
  const size = Math.floor(30_000 / columns);
  for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size);
}
