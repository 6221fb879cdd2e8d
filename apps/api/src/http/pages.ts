import type { Paged } from '@tocsin/store';
import { z } from 'zod';

export interface PageBody<T> {
  items: T[];
  next_cursor?: string;
}

/** A page as the API shows it. */
export function showPage<Stored, Shown>(page: Paged<Stored>, show: (item: Stored) => Shown): PageBody<Shown> {
  return { items: page.items.map(show), ...(page.nextCursor === undefined ? {} : { next_cursor: page.nextCursor }) };
}

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item).describe('Newest first.'),
    next_cursor: z.string().exactOptional().describe('Give it as `cursor` to get the next page; absent on the last one.'),
  });
}

/** A cursor, for examples. */
export const NEXT_CURSOR = 'WyIyMDI2LTA5LTE0VDE0OjAyOjExLjEyM1oiLCI3ZDFmMGU1MiJd';
