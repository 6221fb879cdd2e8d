import { createHash } from 'node:crypto';

/**
 * Longest text in an indexed column. A Postgres index row holds about 2,700 bytes, a character has up to 3 per UTF-16
 * unit, and an index has up to two such columns beside the time and the id.
 */
const COLUMN_CHARACTERS = 200;

/**
 * Text for a column that is filtered by or is part of a key. Equal texts give equal columns and different texts
 * different ones. Most stay as they are; Postgres refuses NUL, lone surrogates are not UTF-8, and long texts do not
 * fit an index: those are cleaned and cut for people to read, and a hash of the original tells them apart.
 * The document beside the column keeps the text whole, as JSON escapes.
 */
export function columnText(text: string): string {
  if (text.length <= COLUMN_CHARACTERS && text.isWellFormed() && !text.includes('\u0000')) return text;
  const readable = text.slice(0, COLUMN_CHARACTERS).toWellFormed().replaceAll('\u0000', '\uFFFD');
  // UTF-16, because in UTF-8 all lone surrogates would become the same character.
  const hash = createHash('sha256').update(text, 'utf16le').digest('hex').slice(0, 32);
  return `${readable}…${hash}`;
}

export function nullableColumnText(text: string | undefined): string | null {
  return text === undefined ? null : columnText(text);
}

/** JSON whose text any database takes: JSON.stringify escapes NUL and lone surrogates. */
export function documentText(value: unknown): string {
  return JSON.stringify(value);
}

/** RFC 3339 UTC with milliseconds, so that text order is time order whatever precision and zone the text had. */
export function timeText(time: string): string {
  return new Date(time).toISOString();
}

/** Free text of people as any database takes it; Postgres refuses NUL, and lone surrogates are not UTF-8. */
export function freeText(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\uFFFD');
}
