import type { Action } from '../api/types.js';
import { useNow } from '../ui/bits.js';
import { Icon } from '../ui/icon.js';
import { count, duration } from '../words.js';

/** How much of the workload, namespace and cluster it touches, in one sentence. */
export function blastRadius({ target, plan }: Pick<Action, 'target' | 'plan'>): string {
  if (plan === undefined) return 'Not known yet.';
  const { cluster, namespace, node, pod, workload } = plan.scope;
  const where = [namespace === undefined ? undefined : `namespace ${namespace}`, `cluster ${cluster === '' ? 'unknown' : cluster}`]
    .filter(Boolean)
    .join(', ');
  if (pod !== undefined && workload !== undefined) {
    return `1 of ${count(workload.replicas, 'replica')} of ${workload.kind} ${workload.name} (${where})${node === undefined ? '' : `, on node ${node}`}.`;
  }
  if (workload !== undefined) return `All ${count(workload.replicas, 'replica')} of ${workload.kind} ${workload.name} (${where}).`;
  if (pod !== undefined) return `The pod ${pod.name}, which nothing replaces (${where})${node === undefined ? '' : `, on node ${node}`}.`;
  return `${target.type} ${target.name} (${where}).`;
}

const CONTAINED = {
  full: ['good', 'Cut off completely: no policy lets traffic through.'],
  partial: ['warn', 'Cut off in part: some traffic still passes, see below.'],
  none: ['bad', 'Not cut off: what is there still lets traffic through.'],
} as const;

/** What would still pass once it stands; undefined where that is no question. */
export function residual({ plan, verification }: Pick<Action, 'plan' | 'verification'>): readonly [tone: string, text: string] | undefined {
  const found = verification?.contained ?? plan?.details['contained'];
  return found === 'full' || found === 'partial' || found === 'none' ? CONTAINED[found] : undefined;
}

export function PlanView({ action }: { action: Action }) {
  const { plan, plan_hash, approvals, verification } = action;
  const now = useNow();
  if (plan === undefined) return <p className="note">Its target has not been looked at yet.</p>;
  const verdict = residual(action);
  return (
    <div className="plan">
      <p className="plan-summary">{plan.summary}</p>
      <dl className="plan-facts">
        <div>
          <dt>Blast radius</dt>
          <dd>{blastRadius(action)}</dd>
        </div>
        {verdict !== undefined && (
          <div>
            <dt>What still passes</dt>
            <dd className={`verdict ${verdict[0]}`}>{verdict[1]}</dd>
          </div>
        )}
        {verification !== undefined && (
          <div>
            <dt>Looked at afterwards</dt>
            <dd className={`verdict ${verification.ok ? 'good' : 'bad'}`}>{verification.message}</dd>
          </div>
        )}
        {approvals !== undefined && action.state === 'awaiting_approval' && (
          <div>
            <dt>Approvals</dt>
            <dd>
              {approvals.given.length} of {approvals.required}
              {approvals.given.length > 0 && ` (${approvals.given.map(({ actor }) => actor).join(', ')})`}
              {approvals.from.length > 0 && `; from ${approvals.from.join(', ')}`}. {approvals.why} Denied by itself in{' '}
              {duration(Date.parse(approvals.expires_at) - now)}.
            </dd>
          </div>
        )}
      </dl>
      {plan.warnings.length > 0 && (
        <ul className="warnings" aria-label="Before you agree">
          {plan.warnings.map((warning) => (
            <li key={warning}>
              <Icon name="warn" /> {warning}
            </li>
          ))}
        </ul>
      )}
      <h4>What will change</h4>
      {plan.changes.length === 0 ? (
        <p className="note">Nothing in the cluster.</p>
      ) : (
        <ul className="changes">
          {plan.changes.map((change) => (
            <li key={change}>{change}</li>
          ))}
        </ul>
      )}
      <details className="raw">
        <summary>The whole plan {plan_hash !== undefined && <code>{plan_hash.slice(0, 12)}</code>}</summary>
        <pre tabIndex={0}>{JSON.stringify(plan, undefined, 2)}</pre>
      </details>
    </div>
  );
}
