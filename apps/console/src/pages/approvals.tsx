import { ActionCard } from '../action/card.js';
import { useResource } from '../api/resource.js';
import type { ActionPage } from '../api/types.js';
import { Empty, PageHead, Trouble, Waiting } from '../ui/bits.js';

export function ApprovalsPage() {
  const { data, error, reload } = useResource<ActionPage>('/v1/actions?state=awaiting_approval&limit=100', 'action');
  return (
    <div className="page">
      <PageHead title="Approvals" note="What policies want done, and may not do without you. Nobody answers in time: that is a no." />
      <Trouble error={error} stale={data !== undefined} />
      {data === undefined && error === undefined && <Waiting />}
      {data?.items.length === 0 && (
        <Empty icon="approvals" title="Nothing waits for you">
          Policies in the mode propose ask here before anything is done.
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
