import { useCallback, useLayoutEffect, useRef, useState, useSyncExternalStore, type RefObject } from 'react';

/** Rows beyond the edge, so that a quick turn of the wheel does not show blanks. */
const OVERSCAN = 8;

export interface Window {
  first: number;
  last: number;
}

/** Which of `rows` of one height are in sight, and a few around them. */
export function inSight(scrollTop: number, height: number, rowHeight: number, rows: number): Window {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - OVERSCAN);
  const last = Math.min(rows, Math.ceil((scrollTop + height) / rowHeight) + OVERSCAN);
  return { first: Math.min(first, Math.max(0, rows - 1)), last };
}

export interface VirtualList {
  scroller: RefObject<HTMLDivElement | null>;
  window: Window;
  onScroll(): void;
  /** Scrolls as little as is needed to see the row. */
  reveal(row: number): void;
}

export function useVirtual(rows: number, rowHeight: number): VirtualList {
  const scroller = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState({ top: 0, height: 800 });
  const onScroll = useCallback(() => {
    const element = scroller.current;
    if (element === null) return;
    // A step of half the overscan is early enough, and leaves most scroll events without work.
    const step = (rowHeight * OVERSCAN) / 2;
    const top = Math.floor(element.scrollTop / step) * step;
    const height = element.clientHeight + step;
    setAt((before) => (before.top === top && before.height === height ? before : { top, height }));
  }, [rowHeight]);
  useLayoutEffect(() => {
    onScroll();
    const element = scroller.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(onScroll);
    observer.observe(element);
    return () => observer.disconnect();
  }, [onScroll]);
  const reveal = useCallback(
    (row: number) => {
      const element = scroller.current;
      if (element === null) return;
      const top = row * rowHeight;
      if (top < element.scrollTop) element.scrollTop = top;
      else if (top + rowHeight > element.scrollTop + element.clientHeight) element.scrollTop = top + rowHeight - element.clientHeight;
      onScroll();
    },
    [rowHeight, onScroll],
  );
  return { scroller, window: inSight(at.top, at.height, rowHeight, rows), onScroll, reveal };
}

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia(query);
      media.addEventListener('change', listener);
      return () => media.removeEventListener('change', listener);
    },
    () => matchMedia(query).matches,
  );
}
