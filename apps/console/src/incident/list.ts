import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError, get } from '../api/client.js';
import { answered } from '../api/live.js';
import { throttled } from '../api/resource.js';
import type { Incident, IncidentPage } from '../api/types.js';

const PAGE = 100;

export interface IncidentList {
  items: readonly Incident[];
  error: ApiError | undefined;
  /** The first page is on its way. */
  waiting: boolean;
  /** There are more than those loaded. */
  more: boolean;
  loadMore(): void;
  reload(): Promise<void>;
}

interface Held {
  items: readonly Incident[];
  cursor: string | undefined;
  loaded: boolean;
  error: ApiError | undefined;
}

const NOTHING: Held = { items: [], cursor: undefined, loaded: false, error: undefined };

/**
 * The new first page over what was loaded before. Those that the page holds are as it says; of the others, those seen before the page's last
 * stay, and those that should stand within the page and do not no longer match.
 */
export function merge(page: readonly Incident[], before: readonly Incident[], complete: boolean): readonly Incident[] {
  if (complete) return page;
  const last = page.at(-1);
  if (last === undefined) return page;
  const ids = new Set(page.map(({ id }) => id));
  const below = before.filter(
    (one) => !ids.has(one.id) && (one.last_seen < last.last_seen || (one.last_seen === last.last_seen && before.indexOf(one) >= page.length)),
  );
  return [...page, ...below];
}

/** Incidents page by page, kept up to date at their head. `filter` is the query of the API, without paging. */
export function useIncidents(filter: string): IncidentList {
  const [held, setHeld] = useState<Held>(NOTHING);
  const busy = useRef(false);
  const current = useRef(filter);

  const ask = useCallback(
    async (cursor: string | undefined): Promise<IncidentPage | ApiError | undefined> => {
      const query = new URLSearchParams(filter);
      query.set('limit', String(PAGE));
      if (cursor !== undefined) query.set('cursor', cursor);
      try {
        const page = await get<IncidentPage>(`/v1/incidents?${query.toString()}`);
        answered(true);
        return current.current === filter ? page : undefined;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        answered(error.status !== 0);
        return current.current === filter ? error : undefined;
      }
    },
    [filter],
  );

  const reload = useCallback(async () => {
    const page = await ask(undefined);
    if (page === undefined) return;
    setHeld((before) => {
      if (page instanceof ApiError) return { ...before, loaded: true, error: page };
      const complete = page.next_cursor === undefined;
      const deeper = before.items.length > PAGE;
      return {
        items: merge(page.items, before.items, complete),
        cursor: deeper && !complete ? before.cursor : page.next_cursor,
        loaded: true,
        error: undefined,
      };
    });
  }, [ask]);

  useEffect(() => {
    current.current = filter;
    busy.current = false;
    setHeld(NOTHING);
    void reload();
    return throttled('incident', reload);
  }, [filter, reload]);

  const { cursor } = held;
  const loadMore = useCallback(() => {
    if (busy.current || cursor === undefined) return;
    busy.current = true;
    void ask(cursor).then((page) => {
      busy.current = false;
      if (page === undefined) return;
      setHeld((before) => {
        if (page instanceof ApiError) return { ...before, error: page };
        const ids = new Set(before.items.map(({ id }) => id));
        return { items: [...before.items, ...page.items.filter(({ id }) => !ids.has(id))], cursor: page.next_cursor, loaded: true, error: undefined };
      });
    });
  }, [ask, cursor]);

  return { items: held.items, error: held.error, waiting: !held.loaded, more: cursor !== undefined, loadMore, reload };
}
