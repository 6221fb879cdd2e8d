import { useState, type SyntheticEvent } from 'react';
import { command } from '../api/client.js';
import type { Action } from '../api/types.js';
import { useDenied, useSession } from '../session.js';
import { Link, Severity, State, useNow } from '../ui/bits.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { useTeller } from '../ui/toast.js';
import { duration, plain } from '../words.js';
import { PlanView } from './plan.js';

type Act = 'approve' | 'reject' | 'revert' | 'extend';

const REVERTIBLE: ReadonlySet<Action['state']> = new Set(['approved', 'running', 'active']);

interface Props {
  action: Action;
  reload(): Promise<void>;
  /** Without the plan, which the page of approvals shows. */
  compact?: boolean;
}

/** One action: what it does to what, how it stands, and what can be said about it. The plan stands before the buttons. */
export function ActionCard({ action, reload, compact = false }: Props) {
  const [asking, setAsking] = useState<Act>();
  const denied = useDenied('approver');
  const { who } = useSession();
  const noPerson = who.person === false ? 'A person must approve; this login is of a service.' : undefined;
  const { type, target, state, reason, policy, incident, severity_id, mode, refused_by } = action;
  return (
    <article className={`action action-${state}`} aria-label={`${plain(type)} of ${target.name}`}>
      <header>
        <h3>
          {plain(type)} <span className="target">{target.name}</span>
        </h3>
        <State state={state} />
        {state !== 'awaiting_approval' && <TimeLeft action={action} />}
      </header>
      <p className="action-reason">
        {reason} {refused_by !== undefined && <code>{refused_by}</code>}
      </p>
      <p className="note action-from">
        <Severity id={severity_id} short /> Policy <code>{policy}</code>, {mode}
        {incident !== undefined && !compact && (
          <>
            {' · '}
            <Link to={`/incidents/${incident}`}>the incident</Link>
          </>
        )}
      </p>
      {state === 'awaiting_approval' || !compact ? <PlanView action={action} /> : null}
      <div className="commands">
        {state === 'awaiting_approval' && action.plan_hash !== undefined && (
          <>
            <Button look="primary" denied={denied ?? noPerson} onClick={() => setAsking('approve')}>
              Approve this plan…
            </Button>
            <Button denied={denied} onClick={() => setAsking('reject')}>
              Reject…
            </Button>
          </>
        )}
        {REVERTIBLE.has(state) && (
          <Button denied={denied} onClick={() => setAsking('revert')}>
            Revert…
          </Button>
        )}
        {state === 'active' && action.expires_at !== undefined && (
          <Button denied={denied} onClick={() => setAsking('extend')}>
            Extend…
          </Button>
        )}
      </div>
      {asking !== undefined && <Ask act={asking} action={action} reload={reload} onClose={() => setAsking(undefined)} />}
    </article>
  );
}

export function TimeLeft({ action: { expires_at, started_at, state } }: { action: Action }) {
  const now = useNow();
  if (expires_at === undefined || !REVERTIBLE.has(state)) return null;
  const left = Date.parse(expires_at) - now;
  const whole = Date.parse(expires_at) - Date.parse(started_at ?? expires_at);
  return (
    <span className="time-left">
      {whole > 0 && <progress max={whole} value={Math.max(0, Math.min(whole, left))} aria-label="Time left" />}
      {left > 0 ? `${duration(left)} left` : 'ends now'}
    </span>
  );
}

const TITLES: Record<Act, string> = { approve: 'Approve this plan', reject: 'Reject', revert: 'Revert now', extend: 'Extend' };
const DONE: Record<Act, string> = {
  approve: 'Approved. It begins when its turn comes.',
  reject: 'Rejected. Nothing is done.',
  revert: 'It is being undone.',
  extend: 'Extended.',
};
const EXPLAINED: Record<Act, string> = {
  approve: 'You agree to exactly this. If the target changes before it begins, it is asked for anew.',
  reject: 'Nothing will be done, and the incident stays as it is.',
  revert: 'What was done is undone now; what has not begun does not begin.',
  extend: 'It is undone by itself at the time that you choose.',
};
const HOURS = [1, 4, 24] as const;

function Ask({ act, action, reload, onClose }: { act: Act; action: Action; reload: () => Promise<void>; onClose: () => void }) {
  const [comment, setComment] = useState('');
  const [hours, setHours] = useState<number>(1);
  const [busy, setBusy] = useState(false);
  const teller = useTeller();
  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    const body = {
      ...(comment.trim() !== '' && { comment: comment.trim() }),
      ...(act === 'approve' && { plan_hash: action.plan_hash }),
      ...(act === 'extend' && { until: new Date(Math.max(Date.now(), Date.parse(action.expires_at ?? '')) + hours * 3_600_000).toISOString() }),
    };
    const well = await teller.run(() => command(`/v1/actions/${action.id}/${act}`, body), DONE[act]);
    setBusy(false);
    if (well) onClose();
    await reload();
  };
  return (
    <Dialog title={TITLES[act]} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <p>
          <b>{action.plan?.summary ?? `${plain(action.type)} ${action.target.name}`}</b>
        </p>
        <p className="note">{EXPLAINED[act]}</p>
        {act === 'approve' && <p className="note">Plan {action.plan_hash?.slice(0, 12)}</p>}
        {act === 'extend' && (
          <fieldset className="choices row">
            <legend>By how long</legend>
            {HOURS.map((n) => (
              <label key={n}>
                <input type="radio" name="hours" checked={hours === n} onChange={() => setHours(n)} /> {n} h
              </label>
            ))}
          </fieldset>
        )}
        <label className="field">
          <span>Comment (optional); it stays on record</span>
          <input autoFocus type="text" maxLength={2000} value={comment} onChange={(event) => setComment(event.target.value)} />
        </label>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look={act === 'approve' || act === 'extend' ? 'primary' : 'danger'} aria-busy={busy}>
            {act === 'approve' ? 'Approve' : TITLES[act]}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
