import { describe, expect, it, jest } from '@jest/globals';
import { actionId, actionKey, isFinal, type Action, type ActionCommand, type ActionMode } from '@tocsin/domain';
import { createLogger } from '@tocsin/runtime';
import { buildIncident } from '@tocsin/testing';
import { planHash } from '../lifecycle/hash.js';
import { iso } from '../lifecycle/lifecycle.js';
import type { CompiledPolicy, PlannedAction } from '../pipeline/plan-actions.js';
import { MemoryRecords } from '../testing/memory-records.js';
import { World, faults } from '../testing/world.js';
import { cutsOff } from './containment.js';
import { takeIn } from './intake.js';
import { carryOut } from './obey.js';
import { Reconciler } from './reconcile.js';
import type { Records } from './records.js';
import { Runner } from './runner.js';

jest.setTimeout(1_200_000);

const RUNS = Number(process.env['MODEL_RUNS'] ?? 10_000);
const FIRST_SEED = Number(process.env['MODEL_SEED'] ?? 1);

const START = Date.parse('2026-09-14T14:00:00.000Z');
const CLAIM_MS = 60_000;
/** Longest pause between two attempts at undoing. */
const PAUSE_MS = 60_000;
const RECONCILE_MS = 60_000;
const MINUTE = 60_000;
const logger = createLogger('test', 'silent');
const PEOPLE = ['ann', 'bob', 'eve', 'policy/p0', 'policy/p1'];
const LIMITS = { maxActive: 3, maxStarted: 6, window: 60 * MINUTE };
const TIMES = { maxAge: 60 * MINUTE, call: 10_000, giveUp: 10 * MINUTE, verify: 5 * MINUTE, stopped: 15_000 };
const PROTECTION = { namespaces: [], labels: ['tocsin.dev/protected'], hostNetwork: true, lastReadyReplica: true };

/** Mulberry32: small, fast, and the same everywhere. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One story: random policies, incidents, people, faults and jumps of the clock. Throws where a promise is broken. */
async function story(seed: number): Promise<{ effects: number; crashes: number; approvals: number; contained: number; states: Set<string> }> {
  const chance = random(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)] as T;
  const memory = new MemoryRecords();
  const world = new World();
  let now = START;
  let effects = 0;
  let crashes = 0;
  let approvals = 0;
  const makePod = (name: string): void => {
    const uid = `${name}-${Math.floor(chance() * 1e9)}`;
    const labels = { app: pick(['web', 'api']) };
    world.original.set(uid, { ...labels });
    world.pods.set(name, {
      uid,
      workload: pick(['web', 'api']),
      protected: chance() < 0.1,
      hostNetwork: chance() < 0.1,
      ready: chance() < 0.8,
      labels,
    });
  };
  for (const name of ['a', 'b', 'c', 'd']) makePod(name);

  const newPolicy = (name: string): CompiledPolicy => ({
    name,
    reach: undefined,
    answers: 'incidents',
    matches: { test: () => true } as never,
    mode: pick<ActionMode>(['observe', 'propose', 'auto', 'auto']),
    lease: pick([2, 10, 30]) * MINUTE,
    approvals: { required: pick([1, 1, 2]), from: pick([[], ['ann', 'team-a']]), expireAfter: pick([1, 20]) * MINUTE },
    limits: {
      maxActive: pick([undefined, 1, 2]),
      perNamespace: pick([undefined, 1, 3]),
      perWorkloadPercent: pick([undefined, 25, 50]),
      window: 30 * MINUTE,
    },
    steps: pick([['quarantine'], ['snapshot', 'quarantine'], ['snapshot', 'capture', 'quarantine']] as const).map((action) => ({
      id: action,
      action,
      with: {},
      when: undefined,
      onFailure: pick(['stop', 'continue', 'revert'] as const),
    })),
  });
  let policies = new Map(['p0', 'p1'].map((name) => [name, newPolicy(name)]));

  // What the oracle holds against every change of the cluster.
  world.onEffect = ({ order }, plan) => {
    effects += 1;
    const record = memory.rows.get(order.id)?.record;
    const where = `seed ${seed}, action ${order.id}`;
    if (record === undefined) throw new Error(`${where}: an effect without a record`);
    const { action, work } = record;
    if (action.state !== 'running') throw new Error(`${where}: an effect while ${action.state}`);
    if (memory.control.stopped) throw new Error(`${where}: an effect under the kill switch`);
    if (action.mode === 'observe') throw new Error(`${where}: an effect of a policy that observes`);
    if (action.plan_hash !== planHash(plan)) throw new Error(`${where}: an effect of another plan than the one on record`);
    if (action.expires_at !== undefined && Date.parse(action.expires_at) <= now) throw new Error(`${where}: an effect after the end of its lease`);
    const given = action.approvals?.given ?? [];
    if (action.mode === 'propose' || action.approvals !== undefined) {
      const actors = new Set(given.map(({ actor }) => actor));
      if (actors.size < work.terms.approvals.required) throw new Error(`${where}: an effect with ${actors.size} approvals`);
      if (actors.has(work.requestedBy)) throw new Error(`${where}: approved by who asked for it`);
      if (given.length > 0 && !agreed.has(`${order.id}/${action.plan_hash}`)) throw new Error(`${where}: approved for another plan`);
    }
    const pod = world.pods.get(plan.scope.pod?.name ?? '');
    if (pod?.uid !== plan.scope.pod?.uid) throw new Error(`${where}: another pod was hit`);
    if (action.type !== 'snapshot' && pod?.protected === true) throw new Error(`${where}: a protected pod was hit`);
    const held = [...memory.rows.values()].map(({ record: one }) => one).filter(({ holds }) => holds);
    if (held.length > LIMITS.maxActive) throw new Error(`${where}: ${held.length} actions stand in the cluster`);
    const free = held.filter((one) => one.action.policy === action.policy && one.action.approvals === undefined);
    const { maxActive = Infinity } = work.terms.limits;
    if (action.approvals === undefined && free.length > maxActive) throw new Error(`${where}: ${free.length} actions of the policy stand`);
  };
  /** Action and hash of every plan that somebody said yes to. */
  const agreed = new Set<string>();

  interface Process {
    runner: Runner<World>;
    reconciler: Reconciler<World>;
    records: Records;
    dead(): boolean;
    strike: World['strike'];
  }
  let calm = false;
  const start = (owner: string): Process => {
    const fault = faults(() => (calm ? 1 : chance()), 0.01, 0.06);
    const kept = memory.of(owner, CLAIM_MS);
    const records: Records = {
      ...kept,
      claim: async (claim) => (fault.raise(), kept.claim(claim)),
      control: async () => (fault.raise(), kept.control()),
      get: async (id) => (fault.raise(), kept.get(id)),
      change: async (work) => {
        fault.raise();
        const result = await kept.change(async (tx) => {
          const done = await work(tx);
          // Dies before the commit, or after it.
          fault.raise();
          return done;
        });
        fault.raise();
        return result;
      },
    };
    const common = { records, actions: world.actions, deps: world, now: () => now, logger };
    const runner = new Runner<World>({
      ...common,
      targets: world.targets,
      policies: () => policies,
      protection: PROTECTION,
      limits: LIMITS,
      times: TIMES,
      onEvent: () => undefined,
    });
    const reconciler = new Reconciler<World>({ ...common, clusters: () => ['c'], timeoutMs: 1_000 });
    return { runner, reconciler, records, dead: fault.dead, strike: fault.strike };
  };
  let names = 0;
  const processes = [start('r0'), start('r1')];
  /** Lets one replica work; one that died is replaced by a new one. */
  const use = async (index: number, work: (process: Process) => Promise<unknown>): Promise<void> => {
    const process = processes[index] as Process;
    world.strike = process.strike;
    await work(process).catch((error: unknown) => {
      if (!process.dead()) throw error;
    });
    world.strike = () => undefined;
    if (!process.dead()) return;
    crashes += 1;
    processes[index] = start(`r${index}-${(names += 1)}`);
  };

  const incidents = ['i0', 'i1', 'i2'];
  /** What the correlator makes of all that was said, however often and in whatever order it hears it. */
  const checkContainment = (): void => {
    if (new Set(memory.said.map(({ id }) => id)).size !== memory.said.length) throw new Error(`seed ${seed}: two commands have one id`);
    const heard = [...memory.said, ...memory.said].map((command) => ({ command, key: chance() })).toSorted((a, b) => a.key - b.key);
    const last = new Map<string, { order: number; contained: boolean }>();
    for (const { command } of heard) {
      if (command.type !== 'contain' && command.type !== 'release') throw new Error(`seed ${seed}: the responder says "${command.type}"`);
      const before = last.get(command.incident);
      if (before !== undefined && before.order >= command.order) continue;
      last.set(command.incident, { order: command.order, contained: command.type === 'contain' });
    }
    for (const id of incidents) {
      const held = known().some((action) => action.incident === id && cutsOff(action));
      if (held !== (last.get(id)?.contained ?? false)) throw new Error(`seed ${seed}: ${id} is said to be ${held ? 'free' : 'contained'}`);
    }
  };
  for (const id of incidents) memory.incidents.set(id, buildIncident({ id, status: 'open' }));
  const plan = (): PlannedAction[] => {
    const incident = pick(incidents);
    const policy = pick([...policies.values()]);
    const pod = pick([...world.pods.keys()]);
    const target = { type: 'pod' as const, name: pod };
    const planned: PlannedAction[] = [];
    for (const step of policy.steps) {
      const id = actionId(incident, policy.name, step.id, actionKey({ cluster: 'c', target }));
      const after = planned.slice(-1).map((one) => one.id);
      const time = iso(now);
      const { name, mode } = policy;
      const parts = { schema: 1, id, version: 1, state: 'planned', policy: name, step: step.id, type: step.action, target, cluster: 'c' } as const;
      planned.push({ ...parts, incident, severity_id: 5, mode, reason: '', time, created_at: time, after });
    }
    return planned;
  };
  const known = (): Action[] => [...memory.rows.values()].map(({ record }) => record.action);
  const say = async (index: number): Promise<void> => {
    const waiting = known().filter(({ state }) => !isFinal(state));
    if (waiting.length === 0) return;
    const action = pick(waiting);
    const actor = pick(PEOPLE);
    const base = {
      schema: 1,
      id: `c${(names += 1)}`,
      target: 'action',
      action: action.id,
      actor,
      teams: pick([[], ['team-a']]),
      time: iso(now),
    } as const;
    const command: ActionCommand = pick([
      { ...base, type: 'approve', plan_hash: chance() < 0.8 ? (action.plan_hash ?? '') : 'another' },
      { ...base, type: 'approve', plan_hash: action.plan_hash ?? '' },
      { ...base, type: 'reject' },
      { ...base, type: 'revert' },
      { ...base, type: 'extend', until: iso(now + pick([-1, 5, 60]) * MINUTE) },
    ]);
    await use(index, async ({ records }) => {
      const result = await carryOut(records, command, now);
      if (result?.outcome === 'applied' && command.type === 'approve') {
        approvals += 1;
        agreed.add(`${command.action}/${command.plan_hash}`);
      }
    });
    // A crash after the commit has its effect all the same.
    if (command.type === 'approve' && memory.rows.get(action.id)?.record.action.approvals?.given.some((one) => one.time === command.time)) {
      agreed.add(`${command.action}/${command.plan_hash}`);
    }
  };

  const steps = 25 + Math.floor(chance() * 30);
  for (let step = 0; step < steps; step += 1) {
    const index = Math.floor(chance() * processes.length);
    const what = chance();
    if (what < 0.12) await use(index, ({ records }) => takeIn(records, plan(), policies, world.targets, now));
    else if (what < 0.3) await say(index);
    else if (what < 0.34) memory.control = { ...memory.control, stopped: chance() < 0.4 };
    else if (what < 0.37) policies = new Map([...policies].map(([name, policy]) => [name, chance() < 0.5 ? newPolicy(name) : policy]));
    else if (what < 0.4) makePod(pick([...world.pods.keys()]));
    else if (what < 0.43) {
      // Somebody else changes a label, and so what "exactly as before" means.
      const pod = pick([...world.pods.values()]);
      if (pod.labels['mark'] === undefined) {
        pod.labels['app'] = pick(['web', 'api', 'new']);
        world.original.set(pod.uid, { app: pod.labels['app'] });
      }
    } else if (what < 0.46) {
      const id = pick(incidents);
      memory.incidents.set(id, buildIncident({ id, status: pick(['open', 'open', 'resolved'] as const) }));
    } else if (what < 0.5) await use(index, ({ reconciler }) => reconciler.round());
    else if (what < 0.7) now += pick([1_000, 5_000, MINUTE, 5 * MINUTE, 40 * MINUTE]);
    else await use(index, ({ runner }) => runner.step(8));
    checkContainment();
  }

  // Then all is quiet, and everything that should have ended has.
  calm = true;
  const quiet = now;
  memory.control = { ...memory.control, stopped: false };
  const horizon = now + 31 * 24 * 60 * MINUTE;
  for (;;) {
    await use(0, async ({ runner }) => {
      while ((await runner.step(50)) > 0);
    });
    const overdue = known().filter(
      ({ state, expires_at: end }) => !isFinal(state) && end !== undefined && Math.max(Date.parse(end), quiet) + CLAIM_MS + PAUSE_MS < now,
    );
    if (overdue.length > 0) throw new Error(`seed ${seed}: the lease of ${overdue[0]?.id} is over, and it is ${overdue[0]?.state}`);
    const next = [...memory.rows.values()].flatMap(({ record, until }) => (record.dueAt === null ? [] : [Math.max(Date.parse(record.dueAt), until)]));
    if (next.length === 0) break;
    now = Math.max(now + 1, Math.min(...next));
    if (now > horizon) throw new Error(`seed ${seed}: it never ends`);
  }
  for (let round = 0; round < 2; round += 1) {
    await use(0, ({ reconciler }) => reconciler.round());
    now += RECONCILE_MS;
  }
  for (const { state, mode, id } of known()) {
    if (!isFinal(state) && !(state === 'planned' && mode === 'observe')) throw new Error(`seed ${seed}: ${id} stays ${state} (${mode})`);
  }
  checkContainment();
  for (const [name, { uid, labels }] of world.pods) {
    if (labels['mark'] !== undefined) throw new Error(`seed ${seed}: ${name} is still held`);
    if (labels['app'] !== world.original.get(uid)?.['app']) throw new Error(`seed ${seed}: ${name} has not its labels back`);
  }
  for (const [id, times] of world.applied) {
    // It is done once more only after what there was of it was undone, since its target was no longer as planned.
    const plans = memory.trail.filter(({ subject, event }) => subject === id && event === 'action.running').length;
    if (times > Math.max(1, plans)) throw new Error(`seed ${seed}: ${id} was done ${times} times`);
  }
  const published = new Map<string, number>();
  for (const { id, version } of memory.published) {
    if (version <= (published.get(id) ?? 0)) throw new Error(`seed ${seed}: versions of ${id} go back`);
    published.set(id, version);
  }
  const contained = memory.said.filter(({ type }) => type === 'contain').length;
  return { effects, crashes, approvals, contained, states: new Set(known().map(({ state }) => state)) };
}

describe('actions', () => {
  it(`keep every promise in ${RUNS} random stories`, async () => {
    const totals = { effects: 0, crashes: 0, approvals: 0, contained: 0 };
    const states = new Set<string>();
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed += 1) {
      const { states: ended, ...counts } = await story(seed);
      for (const key of ['effects', 'crashes', 'approvals', 'contained'] as const) totals[key] += counts[key];
      for (const state of ended) states.add(state);
    }
    // A test in which nothing happens proves nothing.
    expect(totals.effects).toBeGreaterThan(RUNS / 4);
    expect(totals.contained).toBeGreaterThan(RUNS / 20);
    expect(totals.crashes).toBeGreaterThan(RUNS / 20);
    expect(totals.approvals).toBeGreaterThan(RUNS / 20);
    if (RUNS >= 1_000) expect([...states].toSorted()).toEqual(['expired', 'failed', 'planned', 'refused', 'rejected', 'reverted', 'succeeded']);
  });
});
