import { z } from 'zod';
import { dropOldestOf, firstAt, insert, name, type Item, type Ring } from '../ring.js';
import { isTick, type Match, type RuleKind, type Step } from '../rule-kind.js';
import { newestOf, ringOf, settle, spanText, timespan } from '../windows.js';

const config = z.strictObject({
  timespan,
  /** The document's `rules`, in the order in which they must match. */
  rules: z
    .array(z.string())
    .min(2)
    .refine((rules) => new Set(rules).size === rules.length, 'names a rule twice; for repeats there is the kind "event_count"'),
});

/** Matches kept of one rule; a flood of one step does not push out the others. */
const KEPT_PER_RULE = 200;

/**
 * Matches of several rules in the order of `rules` within `timespan` (Sigma `temporal_ordered`). Equal times count as in
 * order: sensors do not agree on milliseconds.
 *
 * A match is a member when it is part of some chain of one match of each rule, in order, from first to last no longer
 * than `timespan`.
 */
export const temporalOrdered: RuleKind<z.infer<typeof config>> = {
  type: 'temporal_ordered',
  summary: 'Several rules matched in order within a time span.',
  input: 'rule',
  config,
  create({ timespan: span, rules }, { grace }) {
    const stepOf = new Map(rules.map((rule, index) => [rule, index]));
    return {
      because: `the rules ${rules.join(', ')} matched in this order within ${spanText(span)}`,
      step(state, input): Step {
        const ring = ringOf(state);
        if (isTick(input)) return settle(ring, input.now, span, grace, []);
        const members: Match[] = [];
        const newest = newestOf(ring, input.t);
        let forgotten = 0;
        if (insert(ring, input) !== undefined) {
          nameChains(ring, input.t, span, stepOf, members);
          forgotten = dropOldestOf(ring, input.k, KEPT_PER_RULE);
        }
        const step = settle(ring, newest, span, grace, members);
        return forgotten > 0 ? { ...step, forgotten: (step.forgotten ?? 0) + forgotten } : step;
      },
    };
  },
};

/**
 * Names the items of all chains about `time`. A chain through an item is shortest when what comes before it begins as
 * late as it can and what comes after it ends as early as it can, and the two do not depend on each other: so one pass
 * in each direction finds every member.
 */
function nameChains(ring: Ring, time: number, span: number, stepOf: ReadonlyMap<string, number>, members: Match[]): void {
  const steps = stepOf.size;
  const about = inOrder(ring, firstAt(ring, time - span), firstAt(ring, time + span + 1), stepOf);
  if (new Set(about.map(({ step }) => step)).size < steps) return;
  const begins: number[] = [];
  const latest = new Array<number>(steps).fill(-Infinity);
  for (const { item, step } of about) {
    const begin = step === 0 ? item.t : (latest[step - 1] as number);
    begins.push(begin);
    latest[step] = Math.max(latest[step] as number, begin);
  }
  const earliest = new Array<number>(steps).fill(Infinity);
  for (let index = about.length - 1; index >= 0; index--) {
    const { item, step, index: at } = about[index] as Placed;
    const end = step === steps - 1 ? item.t : (earliest[step + 1] as number);
    earliest[step] = Math.min(earliest[step] as number, end);
    if (end - (begins[index] as number) <= span) name(ring, at, at, members);
  }
}

interface Placed {
  item: Item;
  /** In the ring. */
  index: number;
  step: number;
}

/** Items in the order of time; among equal times the earlier step comes first. */
function inOrder(ring: Ring, from: number, to: number, stepOf: ReadonlyMap<string, number>): Placed[] {
  const placed: Placed[] = [];
  let ordered = true;
  for (let index = from; index < to; index++) {
    const item = ring[index] as Item;
    const step = stepOf.get(item.k) ?? 0;
    const last = placed.at(-1);
    if (last?.item.t === item.t && last.step > step) ordered = false;
    placed.push({ item, index, step });
  }
  return ordered ? placed : placed.toSorted((a, b) => a.item.t - b.item.t || a.step - b.step);
}
