import type { HeldPod, LabelSelector, NetworkPolicy } from './policy.js';
import type { Direction } from './ports.js';
import { allowsOf, directionsOf, isOurs } from './residual.js';
import { expressionsOf, holds, selects, valueOf } from './selector.js';
import { selectorText } from './text.js';

/** What may select the pod by its labels. */
export interface Surroundings {
  /** ReplicaSets and other controllers of pods, with `spec.selector`. */
  workloads: readonly { kind: string; metadata: { name: string }; spec: { selector?: LabelSelector | null } }[];
  services: readonly { metadata: { name: string }; spec?: { selector?: Record<string, string> | null; type?: string } }[];
  policies: readonly NetworkPolicy[];
}

export interface LabelPlan {
  /** Keys to take away, sorted. */
  strip: string[];
  /** What selects the pod even so, and why no label that is taken away ends it. */
  open: { kind: string; name: string; why: string }[];
  /**
   * Directions in which a policy cuts the pod off now and none will any more, so that all is allowed. Without a quarantine, taking
   * labels away would open what was closed.
   */
  uncovered: Direction[];
}

/** A selector as a condition on which labels stay. It selects the pod unless one of `whenGone` is taken away, or one of `whenKept` is not. */
interface Clause {
  kind: string;
  name: string;
  selector: LabelSelector | null | undefined;
  whenGone: string[];
  whenKept: string[];
}

/** Combinations are tried for so many labels at most; others of the sort are taken away. */
const MOST_TRIED = 10;

/**
 * Which labels to take away so that no workload and no Service selects the pod, and then that as few policies as can be allow it
 * anything. A label that keeps a policy off (`NotIn`, `DoesNotExist`) stays where that does not bring a workload or Service back.
 * Workloads adopt and Services send traffic by labels alone:
 * https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#isolating-pods-from-a-replicaset
 */
export function labelPlan(pod: HeldPod, surroundings: Surroundings): LabelPlan {
  const clauses = clausesOf(pod, surroundings);
  const helps = new Set(clauses.flatMap(({ whenGone }) => whenGone));
  const both = [...new Set(clauses.flatMap(({ whenKept }) => whenKept))].filter((key) => helps.has(key)).toSorted();
  const tried = both.slice(0, MOST_TRIED);
  const always = [...helps].filter((key) => !tried.includes(key));
  const candidates = Array.from({ length: 2 ** tried.length }, (_, mask) => new Set([...always, ...tried.filter((_key, bit) => (mask >> bit) & 1)]));
  const best = candidates.map((gone) => ({ gone, cost: costOf(clauses, gone) })).reduce((one, other) => (isLess(other.cost, one.cost) ? other : one));
  const gone = needed(clauses, best.gone, new Set(tried));
  const labels = Object.fromEntries(Object.entries(pod.labels).filter(([key]) => !gone.has(key)));
  return {
    strip: [...gone].toSorted(),
    open: clauses.filter((clause) => !isClosed(clause, gone)).map((clause) => ({ kind: clause.kind, name: clause.name, why: whyOpen(clause) })),
    uncovered: coveredBy(surroundings.policies, pod.labels).filter((direction) => !coveredBy(surroundings.policies, labels).includes(direction)),
  };
}

function clausesOf(pod: HeldPod, { workloads, services, policies }: Surroundings): Clause[] {
  const found = [
    ...workloads.map(({ kind, metadata: { name }, spec: { selector } }) => ({ kind, name, selector })),
    // A Service without a selector selects nothing, and one that is a name for another host sends nothing to pods.
    // https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors
    ...services
      .filter(({ spec }) => Object.keys(spec?.selector ?? {}).length > 0 && spec?.type !== 'ExternalName')
      .map(({ metadata: { name }, spec }) => ({ kind: 'Service', name, selector: { matchLabels: spec?.selector ?? {} } })),
    ...policies
      .filter((policy) => allowsOf(pod, policy).length > 0)
      .map(({ metadata: { name }, spec }) => ({ kind: 'NetworkPolicy', name, selector: spec?.podSelector })),
  ];
  return found.flatMap((one) => clauseOf(one, pod));
}

/** Nothing where the selector selects the pod with none of its labels. */
function clauseOf(one: Pick<Clause, 'kind' | 'name' | 'selector'>, { labels }: HeldPod): Clause[] {
  const byKey = [...Map.groupBy(expressionsOf(one.selector), ({ key }) => key)].map(([key, expressions]) => {
    const value = valueOf(labels, key);
    const kept = expressions.every((expression) => holds(expression, value));
    const fixed = value === undefined || isOurs(key);
    return { key, kept, gone: fixed ? kept : expressions.every((expression) => holds(expression, undefined)) };
  });
  if (byKey.some(({ kept, gone }) => !kept && !gone)) return [];
  const keys = (wanted: (state: { kept: boolean; gone: boolean }) => boolean): string[] => byKey.filter(wanted).map(({ key }) => key);
  return [{ ...one, whenGone: keys(({ gone }) => !gone), whenKept: keys(({ kept }) => !kept) }];
}

function isClosed({ whenGone, whenKept }: Clause, gone: ReadonlySet<string>): boolean {
  return whenGone.some((key) => gone.has(key)) || whenKept.some((key) => !gone.has(key));
}

/** Workloads and Services that select the pod, then policies, then labels that are taken away. */
function costOf(clauses: readonly Clause[], gone: ReadonlySet<string>): [number, number, number] {
  const open = clauses.filter((clause) => !isClosed(clause, gone));
  const policies = open.filter(({ kind }) => kind === 'NetworkPolicy').length;
  return [open.length - policies, policies, gone.size];
}

function isLess(one: readonly number[], other: readonly number[]): boolean {
  const place = one.findIndex((value, index) => value !== other[index]);
  return place >= 0 && (one[place] ?? 0) < (other[place] ?? 0);
}

/** Leaves out labels that need not go, since another label that stays closes all that they would. */
function needed(clauses: readonly Clause[], gone: ReadonlySet<string>, decided: ReadonlySet<string>): Set<string> {
  const rest = clauses.filter(({ whenKept }) => whenKept.every((key) => gone.has(key)));
  const wanted = new Set(rest.flatMap(({ whenGone }) => whenGone));
  return new Set([...gone].filter((key) => decided.has(key) || wanted.has(key)));
}

function whyOpen({ selector, whenGone, whenKept }: Clause): string {
  const text = selectorText(selector);
  if (text === '') return 'It applies to every pod of its namespace, whatever labels the pod has.';
  if (whenGone.length === 0 && whenKept.length === 0) return `It selects pods ${text}, which the pod is without its labels too.`;
  const keys = [...new Set([...whenKept, ...whenGone])].join(', ');
  return `It selects pods ${text}; what would end that (${keys}) would let something else select the pod.`;
}

/** Directions in which the policies that select the labels cut a pod off, but for what they allow. */
function coveredBy(policies: readonly NetworkPolicy[], labels: HeldPod['labels']): Direction[] {
  const applying = policies.filter(({ spec }) => selects(spec?.podSelector, labels));
  return (['ingress', 'egress'] as const).filter((direction) => applying.some((policy) => directionsOf(policy).includes(direction)));
}
