import { actionId, actionKey, type Action, type ActionTarget } from '@tocsin/domain';
import { EVENT_VARIABLE, compileFilter, type Filter, type Reach, type ResponsePolicy, type ResponseStep } from '@tocsin/policy';
import type { Terms } from '../lifecycle/record.js';
import { targetsOf, type Subject } from './targets.js';

/** A policy whose conditions are compiled. */
export interface CompiledPolicy {
  name: string;
  /** What its actions are kept to; undefined: everything. */
  reach: Reach | undefined;
  answers: 'incidents' | 'violations';
  matches: Filter;
  mode: Action['mode'];
  lease: number;
  approvals: Terms['approvals'];
  limits: Terms['limits'];
  steps: { id: string; action: ResponseStep['action']; with: unknown; when: Filter | undefined; onFailure: ResponseStep['onFailure'] }[];
}

export type PlannedAction = Action & {
  state: 'planned';
  /** Ids of the actions of the step before: those on the same target, or all of them when it is about other targets. */
  after: string[];
};

/** What a policy, or one of its steps, that matches does not plan after all. */
export interface SkippedStep {
  policy: string;
  /** Absent: all of its steps. */
  step?: string;
  /** A closed list, also a metric label. */
  reason: SkipReason;
  /** For people. */
  message: string;
}

export type SkipReason = 'muted' | 'resolved' | 'no_target';

export interface Plan {
  planned: PlannedAction[];
  skipped: SkippedStep[];
}

/** Those that are in force. */
export function compilePolicies(documents: readonly ResponsePolicy[]): CompiledPolicy[] {
  return documents.flatMap(({ metadata, spec, reach }) => {
    if (!spec.enabled) return [];
    const variable = EVENT_VARIABLE[spec.match.events];
    const { mode, lease, approvals, limits } = spec;
    const steps = spec.steps.map(({ when, ...step }) => ({ ...step, when: when === undefined ? undefined : compileFilter(when, variable) }));
    const matches = compileFilter(spec.match.filter, variable);
    return [{ name: metadata.name, reach, answers: spec.match.events, matches, mode, lease, approvals, limits, steps }];
  });
}

/**
 * What the policies want done about an incident or a violation. Pure: the same again gives the same actions, with the
 * same ids, so that it may be asked with each change of an incident; what is new is planned then, and the rest is known.
 */
export function planActions(policies: readonly CompiledPolicy[], subject: Subject): Plan {
  const plan: Plan = { planned: [], skipped: [] };
  const event = 'incident' in subject ? subject.incident : subject.violation;
  for (const policy of policies) {
    if (policy.answers !== ('incident' in subject ? 'incidents' : 'violations') || !policy.matches.test(event)) continue;
    const reason = whyNot(subject);
    if (reason !== undefined) {
      plan.skipped.push({ policy: policy.name, ...reason });
      continue;
    }
    let before: PlannedAction[] = [];
    for (const step of policy.steps) {
      if (step.when?.test(event) === false) continue;
      const { targets, wanted } = targetsOf(step.action, subject, policy.reach);
      const actions = targets.map((target) => toAction(policy, step, target, subject, before));
      plan.planned.push(...actions);
      if (actions.length > 0) before = actions;
      if (targets.length > 0) continue;
      const where = policy.reach === undefined ? '' : ` in the namespace ${policy.reach.namespace}`;
      const message = `The ${'incident' in subject ? 'incident' : 'violation'} names no ${wanted.join(' or ')}${where}.`;
      plan.skipped.push({ policy: policy.name, step: step.id, reason: 'no_target', message });
    }
  }
  return plan;
}

function whyNot(subject: Subject): Pick<SkippedStep, 'reason' | 'message'> | undefined {
  if (!('incident' in subject)) return undefined;
  const { muted = [], status } = subject.incident;
  const [first] = muted;
  if (first !== undefined) return { reason: 'muted', message: `The incident is muted by ${first.by} ${first.id}: ${first.comment}` };
  return status === 'resolved' ? { reason: 'resolved', message: 'The incident is resolved.' } : undefined;
}

function toAction(
  policy: CompiledPolicy,
  step: CompiledPolicy['steps'][number],
  target: ActionTarget,
  subject: Subject,
  before: readonly PlannedAction[],
): PlannedAction {
  const time = 'incident' in subject ? subject.incident.updated_at : subject.violation.received_time;
  const onSame = before.filter((action) => action.target.type === target.type && action.target.name === target.name);
  const after = onSame.length > 0 ? onSame : before;
  const { id, severity_id, cluster: named } = 'incident' in subject ? subject.incident : subject.violation;
  // What it answers is about that cluster, also where an incident names none.
  const cluster = policy.reach?.cluster ?? named;
  return {
    schema: 1,
    id: actionId(id, policy.name, step.id, actionKey({ cluster, target })),
    version: 1,
    state: 'planned',
    policy: policy.name,
    step: step.id,
    type: step.action,
    target,
    cluster,
    ...('incident' in subject ? { incident: id } : { violation: id }),
    severity_id,
    mode: policy.mode,
    reason: policy.mode === 'observe' ? 'The policy observes; nothing is done.' : 'The policy asks for it.',
    time,
    created_at: time,
    after: after.map((action) => action.id),
  };
}
