import { useSyncExternalStore } from 'react';

/** Where the page is: the path and the query of its address. */
export interface Place {
  path: string;
  query: URLSearchParams;
}

const listeners = new Set<() => void>();
let href = location.pathname + location.search;
window.addEventListener('popstate', changed);

function changed(): void {
  href = location.pathname + location.search;
  for (const listener of listeners) listener();
}

export function usePlace(): Place {
  const now = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => href,
  );
  const { pathname, searchParams } = new URL(now, location.origin);
  return { path: pathname, query: searchParams };
}

/** Goes to another page; `replace` leaves no step to go back to, as with a filter that is typed. */
export function navigate(to: string, { replace = false }: { replace?: boolean } = {}): void {
  if (to === href) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', to);
  changed();
  if (!replace) window.scrollTo(0, 0);
}

/** The present address with other filters; an empty value takes one away. */
export function withQuery(query: URLSearchParams, changes: Record<string, string | undefined>): string {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  return location.pathname + (text === '' ? '' : `?${text}`);
}
