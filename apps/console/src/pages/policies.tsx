import { useMemo, useState } from 'react';
import { stringify } from 'yaml';
import { useResource } from '../api/resource.js';
import type { Policy, PolicyDocument, PolicyList, Rule, RuleList } from '../api/types.js';
import { navigate, usePlace, withQuery } from '../route.js';
import { Ago, Empty, PageHead, Trouble, Waiting, fullTime } from '../ui/bits.js';
import { Dialog } from '../ui/dialog.js';
import { Icon } from '../ui/icon.js';
import { count } from '../words.js';

const KINDS: readonly (readonly [Policy['kind'] | '', string])[] = [
  ['', 'All'],
  ['CorrelationRule', 'Rules'],
  ['ResponsePolicy', 'Response'],
  ['Subscription', 'Subscriptions'],
  ['Silence', 'Silences'],
];
const KIND_WORDS: Record<Policy['kind'], string> = {
  CorrelationRule: 'Rule',
  ResponsePolicy: 'Response policy',
  Subscription: 'Subscription',
  Silence: 'Silence',
};

/** The documents that services have in force, those that were hit last first. */
export function PoliciesPage() {
  const { query } = usePlace();
  const [kind, wanted] = [query.get('kind') ?? '', query.get('search') ?? ''];
  const { data, error } = useResource<PolicyList>('/v1/policies', 'tick');
  const rules = useResource<RuleList>('/v1/rules', 'tick').data?.items ?? NONE;
  const [open, setOpen] = useState<Policy>();
  const byName = useMemo(() => new Map(rules.map((rule) => [rule.name, rule])), [rules]);
  const shown = (data?.items ?? [])
    .filter((policy) => (kind === '' || policy.kind === kind) && policy.name.includes(wanted.toLowerCase()))
    .toSorted((a, b) => (b.last_hit ?? '').localeCompare(a.last_hit ?? '') || a.name.localeCompare(b.name));
  return (
    <div className="page">
      <PageHead title="Policies" note="What is in force: kept as documents, changed where they are kept, in force within seconds." />
      <div className="filters">
        <div className="tabs" role="group" aria-label="Kind">
          {KINDS.map(([value, word]) => (
            <button
              key={value}
              type="button"
              aria-pressed={kind === value}
              onClick={() => navigate(withQuery(query, { kind: value }), { replace: true })}
            >
              {word}
            </button>
          ))}
        </div>
        <label className="searchbox">
          <Icon name="search" />
          <span className="sr-only">Search by name</span>
          <input
            type="search"
            placeholder="Search by name"
            value={wanted}
            onChange={(event) => navigate(withQuery(query, { search: event.target.value }), { replace: true })}
          />
        </label>
      </div>
      <Trouble error={error} stale={data !== undefined} />
      {data === undefined && error === undefined && <Waiting />}
      {data !== undefined && shown.length === 0 && (
        <Empty icon="policies" title="No such document">
          {data.items.length === 0 ? 'No service has told of its policies yet.' : 'Another kind or name may have some.'}
        </Empty>
      )}
      <ul className="rows">
        {shown.map((policy) => (
          <li key={`${policy.kind} ${policy.name}`} className="card">
            <button type="button" className="row-button" onClick={() => setOpen(policy)}>
              <span className="row-what">
                <b>{policy.name}</b>
                <span className="note">
                  {KIND_WORDS[policy.kind]} · {policy.file.split('/').at(-1)}:{policy.line}
                </span>
              </span>
              {policy.mode === 'disabled' && <span className="pill tone-neutral">Disabled</span>}
              <span className="row-side note">
                <Hits policy={policy} rule={policy.kind === 'CorrelationRule' ? byName.get(policy.name) : undefined} />
              </span>
            </button>
          </li>
        ))}
      </ul>
      {open !== undefined && <Document policy={open} onClose={() => setOpen(undefined)} />}
    </div>
  );
}

const NONE: readonly Rule[] = [];

function Hits({ policy: { hits, last_hit }, rule }: { policy: Policy; rule: Rule | undefined }) {
  if (hits === undefined) return null;
  const said = [
    hits > 0 ? count(hits, 'hit') : '',
    // A rule over other rules has no hits of its own.
    rule !== undefined && rule.incidents > 0 ? count(rule.incidents, 'incident') : '',
    rule !== undefined && rule.evicted > 0 ? `${rule.evicted.toLocaleString('en')} given up` : '',
  ].filter((part) => part !== '');
  if (said.length === 0) return 'never hit';
  return (
    <>
      {said.join(' · ')}
      {last_hit !== undefined && (
        <>
          , last <Ago time={last_hit} />
        </>
      )}
    </>
  );
}

function Document({ policy: { kind, name }, onClose }: { policy: Policy; onClose: () => void }) {
  const { data, error } = useResource<PolicyDocument>(`/v1/policies/${kind}/${encodeURIComponent(name)}`);
  return (
    <Dialog title={name} onClose={onClose}>
      <Trouble error={error} />
      {data === undefined && error === undefined && <Waiting rows={4} />}
      {data !== undefined && (
        <>
          <dl className="facts">
            {[
              ['Document', `${data.file}:${data.line}`],
              ['In force since', fullTime(data.loaded_at)],
              ['Hash', data.hash.slice(0, 16)],
            ].map(([term, value]) => (
              <div key={term}>
                <dt>{term}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
          <pre tabIndex={0}>{stringify(data.document, { lineWidth: 0 })}</pre>
        </>
      )}
    </Dialog>
  );
}
