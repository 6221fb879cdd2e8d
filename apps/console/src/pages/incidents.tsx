import { useCallback, useEffect, useRef, useState } from 'react';
import { command } from '../api/client.js';
import type { Incident } from '../api/types.js';
import { apiFilter, Filters } from '../incident/filters.js';
import { useIncidents } from '../incident/list.js';
import { useMedia, useVirtual } from '../incident/virtual.js';
import { navigate, usePlace } from '../route.js';
import { Ago, Empty, PageHead, Severity, Status, Trouble, Waiting } from '../ui/bits.js';
import { useTeller } from '../ui/toast.js';
import { about, count } from '../words.js';

/** As in incidents.css. */
const ROW_PX = 62;
const PHONE_ROW_PX = 96;
const NEAR_END_ROWS = 30;

export function IncidentsPage() {
  const { query } = usePlace();
  const list = useIncidents(apiFilter(query));
  const { items, more, loadMore, reload, waiting, error } = list;
  const rowHeight = useMedia('(max-width: 720px)') ? PHONE_ROW_PX : ROW_PX;
  const { scroller, window: shown, onScroll, reveal } = useVirtual(items.length, rowHeight);
  const [active, setActive] = useState<string>();
  const search = useRef<HTMLInputElement>(null);
  const teller = useTeller();

  useEffect(() => {
    if (more && shown.last > items.length - NEAR_END_ROWS) loadMore();
  }, [more, shown.last, items.length, loadMore]);

  const acknowledge = useCallback(
    async ({ id, title, status }: Incident) => {
      if (status !== 'open') return;
      const done = await teller.run(() => command(`/v1/incidents/${id}/acknowledge`, {}), `Acknowledged: ${title}`);
      if (done) await reload();
    },
    [teller, reload],
  );

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
      const at = items.findIndex(({ id }) => id === active);
      const go = (row: number): void => {
        const next = items[Math.max(0, Math.min(items.length - 1, row))];
        if (next === undefined) return;
        setActive(next.id);
        reveal(items.indexOf(next));
      };
      const here = items[at];
      if (event.key === '/') search.current?.focus();
      else if (event.key === 'j') go(at + 1);
      else if (event.key === 'k') go(at - 1);
      else if (event.key === 'Enter' && here !== undefined && event.target === document.body) navigate(`/incidents/${here.id}`);
      else if (event.key === 'a' && here !== undefined) void acknowledge(here);
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [items, active, reveal, acknowledge]);

  // The row that the keys chose has the focus, once it is there.
  useEffect(() => {
    if (active !== undefined) document.getElementById(`row-${active}`)?.focus({ preventScroll: true });
  }, [active, shown.first, shown.last]);

  return (
    <div className="incidents">
      <PageHead title="Incidents" note={<Keys />} />
      <Filters search={search} />
      <Trouble error={error} stale={items.length > 0} />
      <div className="list" ref={scroller} onScroll={onScroll}>
        {waiting && <Waiting rows={8} />}
        {!waiting && items.length === 0 && error === undefined && (
          <Empty icon="check" title="Nothing here">
            {query.size > 0 ? 'No incident matches these filters.' : 'Incidents appear here by themselves as sensors report.'}
          </Empty>
        )}
        {items.length > 0 && (
          <ul aria-label="Incidents" style={{ height: items.length * rowHeight }}>
            {items.slice(shown.first, shown.last).map((incident, n) => (
              <Row
                key={incident.id}
                incident={incident}
                row={shown.first + n}
                rows={more ? -1 : items.length}
                top={(shown.first + n) * rowHeight}
                active={incident.id === active}
                onActive={setActive}
              />
            ))}
          </ul>
        )}
      </div>
      <p className="list-foot" role="status">
        {!waiting && `${count(items.length, 'incident')}${more ? ' so far; more as you scroll' : ''}`}
      </p>
    </div>
  );
}

interface RowProps {
  incident: Incident;
  row: number;
  rows: number;
  top: number;
  active: boolean;
  onActive(id: string): void;
}

function Row({ incident, row, rows, top, active, onActive }: RowProps) {
  const { id, severity_id, title, reason, status, count: violations, last_seen, assignee, acknowledged_by, muted } = incident;
  const whose = assignee ?? acknowledged_by;
  return (
    <li className={active ? 'active' : undefined} style={{ transform: `translateY(${top}px)` }} aria-setsize={rows} aria-posinset={row + 1}>
      <a
        id={`row-${id}`}
        href={`/incidents/${id}`}
        onFocus={() => onActive(id)}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          navigate(`/incidents/${id}`);
        }}
      >
        <Severity id={severity_id} />
        <span className="what">
          <b>{title}</b>
          <span className="why">{reason}</span>
        </span>
        <span className="where">{about(incident)}</span>
        <span className="state">
          <Status status={status} />
          {(muted?.length ?? 0) > 0 && <span className="pill tone-neutral">Muted</span>}
          {whose !== undefined && <span className="whose">{whose}</span>}
        </span>
        <span className="numbers">
          <span className="events">{count(violations, 'event')}</span>
          <Ago time={last_seen} />
        </span>
      </a>
    </li>
  );
}

function Keys() {
  return (
    <span className="keys">
      <kbd>j</kbd> <kbd>k</kbd> move <kbd>↵</kbd> open <kbd>a</kbd> acknowledge <kbd>/</kbd> filter
    </span>
  );
}

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.matches('input, textarea, select') || target.isContentEditable || target.closest('dialog') !== null)
  );
}
