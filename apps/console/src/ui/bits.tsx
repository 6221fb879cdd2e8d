import { useSyncExternalStore, type ReactNode } from 'react';
import type { ApiError } from '../api/client.js';
import type { Action, Incident } from '../api/types.js';
import { navigate } from '../route.js';
import { SEVERITIES, STATE_WORDS, STATUS_WORDS, relative } from '../words.js';
import { Icon, type IconName } from './icon.js';

export function Link({
  to,
  children,
  className,
  ...rest
}: {
  to: string;
  children: ReactNode;
  className?: string;
  'aria-current'?: 'page' | undefined;
  'aria-label'?: string;
}) {
  return (
    <a
      {...rest}
      href={to}
      className={className}
      onClick={(event) => {
        // Whoever asks for a new tab gets one.
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        navigate(to);
      }}
    >
      {children}
    </a>
  );
}

export function Severity({ id, short = false }: { id: number; short?: boolean }) {
  const word = SEVERITIES[id] ?? '';
  return (
    <span className={`severity s${id}`} title={short ? word : undefined}>
      <span className="bars" aria-hidden="true">
        {[1, 2, 3, 4, 5].map((n) => (
          <i key={n} className={n <= Math.min(id, 5) ? 'on' : ''} />
        ))}
      </span>
      <span className={short ? 'sr-only' : undefined}>{word}</span>
    </span>
  );
}

export function Status({ status }: { status: Incident['status'] }) {
  return <span className={`pill status-${status}`}>{STATUS_WORDS[status]}</span>;
}

const STATE_TONES: Record<Action['state'], string> = {
  planned: 'neutral',
  awaiting_approval: 'warn',
  approved: 'info',
  running: 'info',
  active: 'good',
  reverting: 'info',
  reverted: 'neutral',
  succeeded: 'good',
  failed: 'bad',
  rejected: 'neutral',
  expired: 'neutral',
  refused: 'bad',
};

export function State({ state }: { state: Action['state'] }) {
  return <span className={`pill tone-${STATE_TONES[state]}`}>{STATE_WORDS[state]}</span>;
}

let now = Date.now();
const clockListeners = new Set<() => void>();
let clock: ReturnType<typeof setInterval> | undefined;

/** The time, to the second; one timer for the whole page. */
export function useNow(): number {
  return useSyncExternalStore(
    (listener) => {
      clockListeners.add(listener);
      clock ??= setInterval(() => {
        now = Date.now();
        for (const one of clockListeners) one();
      }, 1_000);
      return () => {
        clockListeners.delete(listener);
        if (clockListeners.size > 0) return;
        clearInterval(clock);
        clock = undefined;
      };
    },
    () => now,
  );
}

const LONG = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export function Ago({ time }: { time: string }) {
  const text = relative(time, useNow());
  return (
    <time dateTime={time} title={LONG.format(new Date(time))}>
      {text}
    </time>
  );
}

export function At({ time }: { time: string }) {
  return (
    <time dateTime={time} title={LONG.format(new Date(time))}>
      {CLOCK.format(new Date(time))}
    </time>
  );
}

export function fullTime(time: string): string {
  return LONG.format(new Date(time));
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

/** Says what went wrong, and that what is shown may be old. */
export function Trouble({ error, stale = false }: { error: ApiError | undefined; stale?: boolean }) {
  if (error === undefined) return null;
  return (
    <p className="trouble" role="alert">
      <Icon name="warn" /> {error.message}
      {stale && ' What you see is what was known last.'}
    </p>
  );
}

/** Keeps the place of what is still on its way. */
export function Waiting({ rows = 5 }: { rows?: number }) {
  return (
    <div className="waiting" aria-busy="true" aria-label="Loading" role="status">
      {Array.from({ length: rows }, (_, n) => (
        <div key={n} className="bone" />
      ))}
    </div>
  );
}

export function PageHead({ title, children, note }: { title: string; children?: ReactNode; note?: ReactNode }) {
  return (
    <header className="page-head">
      <div>
        <h1 tabIndex={-1}>{title}</h1>
        {note !== undefined && <p className="note">{note}</p>}
      </div>
      {children !== undefined && <div className="page-tools">{children}</div>}
    </header>
  );
}
