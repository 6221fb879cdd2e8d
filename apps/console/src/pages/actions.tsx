import { ActionCard } from '../action/card.js';
import { useResource } from '../api/resource.js';
import type { ActionPage } from '../api/types.js';
import { navigate, usePlace, withQuery } from '../route.js';
import { Empty, PageHead, Trouble, Waiting } from '../ui/bits.js';
import { KillSwitch } from './kill-switch.js';

const TABS = [
  ['', 'In force'],
  ['running', 'Running'],
  ['approved', 'Approved'],
  ['planned', 'Observed only'],
  ['reverted', 'Reverted'],
  ['refused', 'Refused'],
  ['failed', 'Failed'],
  ['all', 'All'],
] as const;

export function ActionsPage() {
  const { query } = usePlace();
  const state = query.get('state') ?? '';
  const filter = { '': 'state=active&', all: '' }[state] ?? `state=${encodeURIComponent(state)}&`;
  const { data, error, reload } = useResource<ActionPage>(`/v1/actions?${filter}limit=100`, 'action');
  return (
    <div className="page">
      <PageHead title="Actions" note="What was done, by which policy, and until when. Everything that holds a target is undone on time.">
        <KillSwitch />
      </PageHead>
      <div className="tabs" role="group" aria-label="State">
        {TABS.map(([value, word]) => (
          <button
            key={value}
            type="button"
            aria-pressed={state === value}
            onClick={() => navigate(withQuery(query, { state: value }), { replace: true })}
          >
            {word}
          </button>
        ))}
      </div>
      <Trouble error={error} stale={data !== undefined} />
      {data === undefined && error === undefined && <Waiting />}
      {data?.items.length === 0 && (
        <Empty icon="actions" title={state === '' ? 'Nothing is in force' : 'Nothing here'}>
          {state === ''
            ? 'Quarantines and other actions that hold a target stand here, with the time they have left.'
            : 'No action is in this state.'}
        </Empty>
      )}
      <ul className="action-list">
        {data?.items.map((action) => (
          <li key={action.id} className="card">
            <ActionCard action={action} reload={reload} />
          </li>
        ))}
      </ul>
    </div>
  );
}
