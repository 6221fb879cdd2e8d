import type { ActionPlan, ActionScope, ActionTarget, ActionVerification } from '@tocsin/domain';
import type { ActionType } from '@tocsin/policy';
import type { z } from 'zod';

/** A right of the Kubernetes API that an action needs; the roles in `deploy/k8s/responder` are made from these. */
export interface Permission {
  /** `''` is the core group. */
  group: string;
  resource: string;
  verbs: readonly string[];
  /** Only objects of these names. */
  names?: readonly string[];
  /** Of a cluster rather than a namespace. */
  clusterWide?: boolean;
}

/** What an action is asked about. */
export interface ActionOrder {
  /** The action's id: names of what it makes in a cluster derive from it, so that making it twice makes it once. */
  id: string;
  cluster: string;
  target: ActionTarget;
  /** Ids of what is answered, for labels and records. */
  subject: { incident?: string; violation?: string };
  policy: string;
}

/** What every call gets. */
export interface ActionCall {
  order: ActionOrder;
  now(): number;
  /** Aborted when the runner has waited long enough; the call MUST end soon after. */
  signal: AbortSignal;
}

/** A target as its cluster shows it now. The runner reads it, and checks what is protected by it. */
export interface TargetFacts {
  scope: ActionScope;
  /** Of the pod, workload or node. */
  labels: Readonly<Record<string, string>>;
  namespaceLabels: Readonly<Record<string, string>>;
  hostNetwork: boolean;
  /** Run by a kubelet from a file: no controller, and the API server cannot change it. */
  staticPod: boolean;
  /** Whether the pod is ready, and how many pods of its workload are; absent where it is about no pod. */
  ready?: { pod: boolean; workload: number };
}

/** Reads targets. Throws `Refused` where there is none, or the right to read it is missing, and `Transient`. */
export interface Targets {
  /** Whether actions can reach the cluster. */
  knows(cluster: string): boolean;
  read(cluster: string, target: ActionTarget, signal: AbortSignal): Promise<TargetFacts>;
}

/** What a call found or made that undoing it needs and the plan does not say; plain JSON. */
export type Effect = Record<string, unknown>;

export interface RunResult {
  effect: Effect;
  /**
   * `held`: it stands until its lease ends or somebody reverts it. `working`: it goes on by itself; `poll` asks after `pollAfterMs`.
   * `done`: it is over, and there is nothing to undo.
   */
  then: 'held' | 'working' | 'done';
  pollAfterMs?: number;
  /** One sentence for people. */
  message: string;
  /** Ids of what it collected. */
  evidence?: string[];
}

export interface RevertResult {
  /** One sentence for people: what was put back, and what was left because somebody else changed it meanwhile. */
  message: string;
  evidence?: string[];
}

/**
 * One action with its configuration. All calls throw `Transient`, `Refused`, `PlanOutdated` or `Failed`, and nothing else on purpose.
 * The runner calls any of them again after a crash at any point, so each looks at the world first: twice is once.
 * Mode, approval, limits, lease, kill switch and record are the runner's; an action MUST NOT know of them.
 */
export interface ActionInstance {
  /**
   * Reads, and writes nothing. The same world gives the same plan: it holds nothing that changes by itself, such as a
   * resourceVersion or a status. Throws `Refused` when it cannot be done.
   */
  plan(target: TargetFacts, call: ActionCall): Promise<Omit<ActionPlan, 'scope'>>;
  /** Asks the API server whether it would take the changes, by `dryRun=All`; writes nothing. */
  dryRun?(plan: ActionPlan, call: ActionCall): Promise<void>;
  /** Does what the plan says, if the target still is the one of the plan (uid). */
  run(plan: ActionPlan, call: ActionCall): Promise<RunResult>;
  /** Of one that is `working`: where it stands. */
  poll?(plan: ActionPlan, effect: Effect, call: ActionCall): Promise<RunResult>;
  /** Whether the effect is there. Absent where there is nothing to look for. */
  verify?(plan: ActionPlan, effect: Effect | undefined, call: ActionCall): Promise<Omit<ActionVerification, 'time'>>;
  /** Undoes what was done of the plan, all, some or nothing; `effect` is undefined when a crash took it. Absent: nothing to undo. */
  revert?(plan: ActionPlan, effect: Effect | undefined, call: ActionCall): Promise<RevertResult>;
}

/** Something in a cluster that carries the mark of an action. */
export interface Found {
  /** The action that the mark names. */
  actionId: string;
  /** For people. */
  where: string;
  /** Removes what the mark stands for as far as it can be told from the cluster alone: for marks of actions that nobody knows. */
  release(call: Pick<ActionCall, 'signal' | 'now'>): Promise<RevertResult>;
}

/** Any action, for lists of them: what one parsed by its `config` goes to its own `create`. */
export type AnyAction<Deps> = Omit<ActionDefinition<never, Deps>, 'config'> & { config: z.ZodType };

/** An extension: one folder in `actions/`, one line in its `index.ts`. */
export interface ActionDefinition<Config = unknown, Deps = unknown> {
  type: ActionType;
  /** One sentence for the documentation and for error messages. */
  summary: string;
  config: z.ZodType<Config>;
  needs: {
    /** Kinds of targets, the one that is preferred first. */
    targets: readonly ActionTarget['type'][];
    permissions: readonly Permission[];
  };
  /**
   * `none` leaves the cluster as it is, and may be done to what is protected. `adds` takes nothing away, such as a label.
   * `disrupts` takes something away, such as the network: then shares of a workload and its last ready replica count.
   */
  impact: 'none' | 'adds' | 'disrupts';
  /** Most actions of this type that stand at a time on one pod, and on one node. */
  most?: { perPod?: number; perNode?: number };
  create(config: Config, deps: Deps): ActionInstance;
  /** All that stands in a cluster with marks of actions of this type. */
  find?(cluster: string, deps: Deps, signal: AbortSignal): Promise<Found[]>;
}
