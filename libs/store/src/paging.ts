/** Newest first, by time and then id, so that pages neither repeat nor leave out rows while new ones come. */
export interface Page {
  limit: number;
  cursor?: string | undefined;
}

export interface Paged<T> {
  items: T[];
  /** Absent on the last page. */
  nextCursor?: string;
}

/** Place of the last row of a page. */
export interface Place {
  time: string;
  id: string;
}

/** The cursor is not one that this API gave. */
export class BadCursor extends Error {
  override readonly name = 'BadCursor';
}

export function encodeCursor(place: Place): string {
  return Buffer.from(JSON.stringify([place.time, place.id])).toString('base64url');
}

export function decodeCursor(cursor: string): Place {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    // Times and ids are printable ASCII; anything else did not come from here, and might not be text for the database.
    if (Array.isArray(parsed) && parsed.length === 2 && parsed.every((part) => typeof part === 'string' && /^[\x20-\x7e]{1,200}$/.test(part))) {
      return { time: parsed[0] as string, id: parsed[1] as string };
    }
  } catch {
    // Answered below.
  }
  throw new BadCursor('The cursor is not one that this API gave.');
}

/** Where the page begins: rows below this place, or all when there is none. */
export function placeOf(page: Page): Place | undefined {
  return page.cursor === undefined ? undefined : decodeCursor(page.cursor);
}

/** Makes a page of one row more than asked for. */
export function paged<Row, T>(rows: readonly Row[], limit: number, place: (row: Row) => Place, item: (row: Row) => T): Paged<T> {
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  const items = kept.map(item);
  return rows.length > limit && last !== undefined ? { items, nextCursor: encodeCursor(place(last)) } : { items };
}
