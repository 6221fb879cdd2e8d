import { useRef, type RefObject } from 'react';
import { navigate, usePlace, withQuery } from '../route.js';
import { Icon } from '../ui/icon.js';
import { SEVERITY_FILTERS, plain } from '../words.js';

const STATUS_TABS = [
  ['', 'All'],
  ['open', 'Open'],
  ['acknowledged', 'Acknowledged'],
  ['contained', 'Contained'],
  ['resolved', 'Resolved'],
] as const;
const WORDS = ['namespace', 'rule', 'cluster', 'assignee'] as const;

/** The filters of the address, as the API takes them. */
export function apiFilter(query: URLSearchParams): string {
  const filter = new URLSearchParams();
  for (const name of ['status', 'severity', 'since', ...WORDS]) {
    const value = query.get(name);
    if (value !== null && value !== '') filter.set(name, value);
  }
  if (query.get('muted') !== 'all') filter.set('muted', 'false');
  return filter.toString();
}

/** What was typed: `rule:crypto-miner`, `assignee:ann`; a word alone is a namespace. */
export function typed(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .trim()
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word) => {
        const [, name, value] = /^(namespace|rule|cluster|assignee):(.+)$/.exec(word) ?? [];
        return name === undefined ? ['namespace', word] : [name, value ?? ''];
      }),
  );
}

export function Filters({ search }: { search: RefObject<HTMLInputElement | null> }) {
  const { query } = usePlace();
  const form = useRef<HTMLFormElement>(null);
  const set = (changes: Record<string, string | undefined>): void => navigate(withQuery(query, changes), { replace: true });
  const chips = WORDS.flatMap((name) => {
    const value = query.get(name);
    return value === null ? [] : [{ name, value }];
  });
  const status = query.get('status') ?? '';
  return (
    <search className="filters">
      <div className="tabs" role="group" aria-label="Status">
        {STATUS_TABS.map(([value, word]) => (
          <button key={value} type="button" aria-pressed={status === value} onClick={() => set({ status: value })}>
            {word}
          </button>
        ))}
      </div>
      <label className="select">
        <span className="sr-only">Least severity</span>
        <select value={query.get('severity') ?? ''} onChange={(event) => set({ severity: event.target.value })}>
          <option value="">Any severity</option>
          {SEVERITY_FILTERS.map((name) => (
            <option key={name} value={name}>
              {plain(name)} and up
            </option>
          ))}
        </select>
      </label>
      <form
        ref={form}
        className="searchbox"
        onSubmit={(event) => {
          event.preventDefault();
          const { current } = search;
          if (current === null || current.value.trim() === '') return;
          set(typed(current.value));
          current.value = '';
        }}
      >
        <Icon name="search" />
        <input
          ref={search}
          type="text"
          aria-label="Filter by namespace, or rule:, cluster:, assignee:"
          placeholder="Namespace, rule:…, assignee:…"
          autoComplete="off"
          spellCheck={false}
          onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
        />
        <kbd aria-hidden="true">/</kbd>
      </form>
      <label className="check">
        <input
          type="checkbox"
          checked={query.get('muted') === 'all'}
          onChange={(event) => set({ muted: event.target.checked ? 'all' : undefined })}
        />
        Muted too
      </label>
      {chips.length > 0 && (
        <ul className="chips" aria-label="Filters">
          {chips.map(({ name, value }) => (
            <li key={name}>
              <button type="button" className="chip" aria-label={`Remove the filter ${name} ${value}`} onClick={() => set({ [name]: undefined })}>
                <span>{name}</span> {value} <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
    </search>
  );
}
