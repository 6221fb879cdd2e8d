import type { ActionPlan, ActionVerification } from '@tocsin/domain';
import type { Logger } from '@tocsin/runtime';
import type { ActionCall, ActionInstance, AnyAction, TargetFacts, Targets } from '../action.js';
import { Failed, PlanOutdated, Refused, Transient } from '../failure.js';
import { planHash } from '../lifecycle/hash.js';
import { iso, live, type LifecycleEvent } from '../lifecycle/lifecycle.js';
import { exceeded, type ClusterLimits } from '../lifecycle/limits.js';
import { protectedBy, type Protection } from '../lifecycle/protection.js';
import { isApproved, type ActionRecord } from '../lifecycle/record.js';
import type { CompiledPolicy } from '../pipeline/plan-actions.js';
import type { Records, RecordsTx } from './records.js';
import { isBad, isThrough, settle } from './settle.js';

export interface RunnerDeps<Deps = unknown> {
  records: Records;
  /** By type. */
  actions: ReadonlyMap<string, AnyAction<Deps>>;
  /** What actions are made with. */
  deps: Deps;
  targets: Targets;
  /** Those in force, by name. */
  policies(): ReadonlyMap<string, CompiledPolicy>;
  protection: Protection;
  limits: ClusterLimits;
  times: RunnerTimes;
  now(): number;
  logger: Logger;
  /** Tells what was refused, failed or began, for metrics. */
  onEvent(record: ActionRecord, event: LifecycleEvent): void;
}

/** Milliseconds. */
export interface RunnerTimes {
  /** What has not begun so long after its incident changed does not begin. */
  maxAge: number;
  /** How long a call of an action may take; shorter than a claim. */
  call: number;
  /** How long what cannot be done is tried. */
  giveUp: number;
  /** How often it is looked whether what stands still stands. */
  verify: number;
  /** How long to wait while the kill switch is on. */
  stopped: number;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** Steps before wake those after; this is for a wake that was lost. */
const FOLLOW_MS = 60_000;

/**
 * Brings actions forward, one step of their life at a time: what is due is claimed, looked at, and the outcome is written down.
 * Any number of runners may work side by side, and any may die at any point.
 */
export class Runner<Deps = unknown> {
  readonly #deps: RunnerDeps<Deps>;

  constructor(deps: RunnerDeps<Deps>) {
    this.#deps = deps;
  }

  /** Advances up to `limit` due actions; resolves to how many there were. */
  async step(limit: number): Promise<number> {
    const records = await this.#deps.records.claim({ now: this.#deps.now(), limit });
    await Promise.all(records.map((record) => this.#advance(record)));
    return records.length;
  }

  async #advance(record: ActionRecord): Promise<void> {
    const { logger, now } = this.#deps;
    try {
      const event = await this.#next(record);
      if (event !== undefined) await this.#write(record, event);
    } catch (error) {
      // The database is away, or we made a mistake: the claim runs out, and the action is due again.
      const { id, state, type } = record.action;
      logger.error({ err: error, action: id, state, type, time: iso(now()) }, 'An action could not be brought forward; it is tried again.');
    }
  }

  async #next(record: ActionRecord): Promise<LifecycleEvent | undefined> {
    switch (record.action.state) {
      case 'planned':
        return this.#trying(record, () => this.#look(record));
      case 'awaiting_approval':
        return this.#isLate(record) ? { type: 'denied' } : { type: 'waits', at: record.action.approvals?.expires_at ?? iso(this.#deps.now()) };
      case 'approved':
        return this.#trying(record, () => this.#begin(record));
      case 'running':
        return this.#trying(record, () => this.#run(record));
      case 'active':
        return this.#trying(record, () => this.#hold(record));
      case 'reverting':
        return this.#undo(record);
      default:
        return { type: 'waits', at: null };
    }
  }

  /** Gives the claim back; a record that changed since the claim, by a command or another runner, stays as it is. */
  async #write(record: ActionRecord, event: LifecycleEvent): Promise<void> {
    const { records, now, onEvent } = this.#deps;
    const written = await records.change(async (tx) => {
      await tx.release(record.action.id);
      const current = await tx.get(record.action.id);
      if (current?.action.version !== record.action.version) return false;
      await settle(tx, current, live(current, event, now()), now());
      return true;
    });
    if (written) onEvent(record, event);
  }

  async #look(record: ActionRecord): Promise<LifecycleEvent> {
    if (this.#isStale(record)) return STALE;
    const { definition, instance } = this.#instance(record);
    const { plan, hash } = await this.#plan(record, definition, instance, record.action.mode !== 'observe');
    return { type: 'looked', plan, hash, revertible: instance.revert !== undefined, disrupts: definition.impact === 'disrupts' };
  }

  async #begin(record: ActionRecord): Promise<LifecycleEvent | undefined> {
    const { action, work } = record;
    const { records, now } = this.#deps;
    const agreed = isApproved(action);
    if (agreed ? this.#isLate(record) : this.#isStale(record)) return agreed ? { type: 'denied' } : STALE;
    const waiting = await this.#stepsBefore(work.terms.after);
    if (waiting !== undefined) return waiting;
    const withdrawn = await this.#withdrawn(record);
    if (withdrawn !== undefined) return withdrawn;
    const { definition, instance } = this.#instance(record);
    const { plan, hash } = await this.#plan(record, definition, instance, true);
    if (agreed && hash !== action.plan_hash)
      return { type: 'outdated', message: 'The target has changed since it was approved; the new plan needs approval.', revertible: false };
    const revertible = instance.revert !== undefined;
    const disrupts = definition.impact === 'disrupts';
    let event: LifecycleEvent = { type: 'begun', revertible };
    const written = await records.change(async (tx) => {
      await tx.release(action.id);
      const current = await tx.get(action.id);
      if (current?.action.version !== action.version) return false;
      const { record: planned } = live(current, { type: 'looked', plan, hash, revertible, disrupts }, now());
      event = (await this.#verdict(tx, planned, plan, definition)) ?? event;
      await settle(tx, current, live(planned, event, now()), now());
      return true;
    });
    if (written) this.#deps.onEvent(record, event);
    return undefined;
  }

  /** What keeps it from beginning now; in the transaction that begins it, so that nothing slips in between. */
  async #verdict(
    tx: RecordsTx,
    { action, work }: ActionRecord,
    { scope }: ActionPlan,
    definition: AnyAction<Deps>,
  ): Promise<LifecycleEvent | undefined> {
    const { now, limits, times } = this.#deps;
    if (tx.control.stopped) return { type: 'waits', at: iso(now() + times.stopped) };
    const { cluster, namespace, workload, pod, node } = scope;
    const since = { policy: iso(now() - work.terms.limits.window), cluster: iso(now() - limits.window) };
    const counted = { policy: action.policy, cluster, namespace, workload: workload?.uid, pod: pod?.uid, node, since };
    const { hard, soft } = exceeded(scope, definition, work.terms.limits, limits, await tx.counts(counted, action.id));
    if (hard !== undefined) return { type: 'refused', by: 'budget', message: hard };
    return soft === undefined || isApproved(action) ? undefined : { type: 'over_limit', message: soft };
  }

  async #run(record: ActionRecord): Promise<LifecycleEvent> {
    const { action } = record;
    const { records, now, times } = this.#deps;
    if (this.#leaseIsOver(record)) return { type: 'lease_over' };
    if ((await records.control()).stopped) return { type: 'waits', at: iso(now() + times.stopped) };
    const { instance } = this.#instance(record);
    const plan = planOf(record);
    const result = await this.#call(record, (call) => instance.run(plan, call));
    const verification = await this.#verify(record, instance, plan, result.effect);
    return { type: 'ran', result, verification, lookAt: this.#nextLook(action.expires_at) };
  }

  async #hold(record: ActionRecord): Promise<LifecycleEvent> {
    if (this.#leaseIsOver(record)) return { type: 'lease_over' };
    const { instance } = this.#instance(record);
    const plan = planOf(record);
    const { effect = {}, working } = record.work;
    const { poll } = instance;
    if (working === true && poll !== undefined) {
      const result = await this.#call(record, (call) => poll.call(instance, plan, effect, call));
      return { type: 'ran', result, verification: undefined, lookAt: this.#nextLook(record.action.expires_at) };
    }
    const verification = await this.#verify(record, instance, plan, effect);
    const nextAt = this.#nextLook(record.action.expires_at);
    return verification === undefined ? { type: 'waits', at: record.action.expires_at ?? null } : { type: 'seen', verification, nextAt };
  }

  async #undo(record: ActionRecord): Promise<LifecycleEvent> {
    try {
      const { instance } = this.#instance(record);
      const { revert } = instance;
      if (revert === undefined || record.action.plan === undefined) return { type: 'undone', message: 'There was nothing to undo.', evidence: [] };
      const plan = record.action.plan;
      const { message, evidence = [] } = await this.#call(record, (call) => revert.call(instance, plan, record.work.effect, call));
      return { type: 'undone', message, evidence };
    } catch (error) {
      if (error instanceof Refused && (error.by === 'target_gone' || error.by === 'target_replaced')) {
        return { type: 'undone', message: error.message, evidence: [] };
      }
      // What was taken is given back, however long it takes.
      return this.#again(record, error);
    }
  }

  /** Turns what an action throws into what becomes of it. */
  async #trying(record: ActionRecord, attempt: () => Promise<LifecycleEvent | undefined>): Promise<LifecycleEvent | undefined> {
    try {
      return await attempt();
    } catch (error) {
      const { state } = record.action;
      const begun = state === 'running' || state === 'active';
      if (error instanceof Refused && !begun) return { type: 'refused', by: error.by, message: error.message };
      const revertible = this.#isRevertible(record);
      if (error instanceof PlanOutdated && state === 'running') return { type: 'outdated', message: error.message, revertible };
      if (error instanceof Failed || error instanceof Refused) return { type: 'failed', message: error.message, revertible };
      const { work } = record;
      const since = work.failingSince === undefined ? this.#deps.now() : Date.parse(work.failingSince);
      if (this.#deps.now() - since < this.#deps.times.giveUp) return this.#again(record, error);
      const message = `It could not be done: ${messageOf(error)}`;
      return begun ? { type: 'failed', message, revertible } : { type: 'refused', by: 'target_unreadable', message };
    }
  }

  #again({ work }: ActionRecord, error: unknown): LifecycleEvent {
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(work.attempts, 10), LONGEST_PAUSE_MS);
    const asked = error instanceof Transient ? (error.retryAfterMs ?? 0) : 0;
    return {
      type: 'again',
      message: `It is tried again: ${messageOf(error)}`,
      at: iso(this.#deps.now() + Math.max(pause, Math.min(asked, 10 * LONGEST_PAUSE_MS))),
    };
  }

  async #plan(
    record: ActionRecord,
    definition: AnyAction<Deps>,
    instance: ActionInstance,
    dryRun: boolean,
  ): Promise<{ plan: ActionPlan; hash: string }> {
    const { cluster, target } = record.action;
    const facts: TargetFacts = await this.#call(record, (call) => this.#deps.targets.read(cluster, target, call.signal));
    const guarded = protectedBy(facts, definition.impact, this.#deps.protection);
    if (guarded !== undefined) throw new Refused(guarded.by, guarded.message);
    const plan = { ...(await this.#call(record, (call) => instance.plan(facts, call))), scope: facts.scope };
    const { dryRun: ask } = instance;
    if (dryRun && ask !== undefined) await this.#call(record, (call) => ask.call(instance, plan, call));
    return { plan, hash: planHash(plan) };
  }

  async #verify(record: ActionRecord, instance: ActionInstance, plan: ActionPlan, effect: object): Promise<ActionVerification | undefined> {
    const { verify } = instance;
    if (verify === undefined) return undefined;
    const seen = await this.#call(record, (call) => verify.call(instance, plan, effect as Record<string, unknown>, call));
    return { ...seen, time: iso(this.#deps.now()) };
  }

  async #stepsBefore(after: readonly string[]): Promise<LifecycleEvent | undefined> {
    for (const id of after) {
      const before = await this.#deps.records.get(id);
      if (before === undefined || isThrough(before.action.state)) continue;
      const { step, state, reason } = before.action;
      if (!isBad(state)) return { type: 'waits', at: iso(this.#deps.now() + FOLLOW_MS) };
      if (before.work.terms.onFailure === 'continue') continue;
      return { type: 'refused', by: 'step_failed', message: `The step "${step}" before it was ${state}: ${reason}` };
    }
    return undefined;
  }

  /** Whether the policy, and the incident that it answers, still are what they were. */
  async #withdrawn({ action, work }: ActionRecord): Promise<LifecycleEvent | undefined> {
    const refused = (by: 'policy_withdrawn' | 'incident_muted' | 'incident_resolved', message: string): LifecycleEvent => ({
      type: 'refused',
      by,
      message,
    });
    if (work.requestedBy === `policy/${action.policy}`) {
      const policy = this.#deps.policies().get(action.policy);
      const step = policy?.steps.find(({ id }) => id === action.step);
      if (policy === undefined || step?.action !== action.type) return refused('policy_withdrawn', 'The policy does not ask for it any more.');
      if (policy.mode === 'observe') return refused('policy_withdrawn', 'The policy only observes by now.');
      if (policy.mode === 'propose' && !isApproved(action)) return refused('policy_withdrawn', 'The policy only proposes by now.');
    }
    if (action.incident === undefined) return undefined;
    const incident = await this.#deps.records.incident(action.incident);
    if (incident?.muted !== undefined) return refused('incident_muted', 'The incident has been muted since.');
    if (incident?.status === 'resolved') return refused('incident_resolved', 'The incident has been resolved since.');
    return undefined;
  }

  #instance({ action, work }: ActionRecord): { definition: AnyAction<Deps>; instance: ActionInstance } {
    const definition = this.#deps.actions.get(action.type);
    if (definition === undefined) throw new Refused('unsupported', `There is no action "${action.type}" here.`);
    return { definition, instance: definition.create(work.terms.with as never, this.#deps.deps) };
  }

  #isRevertible(record: ActionRecord): boolean {
    return this.#deps.actions.has(record.action.type) && this.#instance(record).instance.revert !== undefined;
  }

  async #call<T>({ action }: ActionRecord, work: (call: ActionCall) => Promise<T>): Promise<T> {
    const { now, times } = this.#deps;
    const { id, cluster, target, policy, incident, violation } = action;
    const subject = { ...(incident !== undefined && { incident }), ...(violation !== undefined && { violation }) };
    return work({ order: { id, cluster, target, policy, subject }, now, signal: AbortSignal.timeout(times.call) });
  }

  #isStale({ action }: ActionRecord): boolean {
    return this.#deps.now() - Date.parse(action.created_at) > this.#deps.times.maxAge;
  }

  #isLate({ action: { approvals } }: ActionRecord): boolean {
    return approvals !== undefined && this.#deps.now() >= Date.parse(approvals.expires_at);
  }

  #leaseIsOver({ action: { expires_at: end } }: ActionRecord): boolean {
    return end !== undefined && this.#deps.now() >= Date.parse(end);
  }

  #nextLook(end: string | undefined): string {
    const next = iso(this.#deps.now() + this.#deps.times.verify);
    return end !== undefined && end < next ? end : next;
  }
}

const STALE: LifecycleEvent = {
  type: 'refused',
  by: 'stale',
  message: 'It is too long ago that the incident changed; nothing is done about old news.',
};

function planOf({ action }: ActionRecord): ActionPlan {
  if (action.plan === undefined) throw new Error(`The action ${action.id} is ${action.state} and has no plan.`);
  return action.plan;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
