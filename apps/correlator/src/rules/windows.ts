import { duration } from '@tocsin/extension';
import { z } from 'zod';
import type { Match, RuleState, Step } from './rule-kind.js';
import { dropBefore, dropBeyond, RING_MAX, type Ring } from './ring.js';

/** Length of the sliding window, event time. */
export const timespan = duration.refine((ms) => ms >= 1_000 && ms <= 30 * 24 * 3_600_000, 'expected a duration from 1s to 30d');

const NOT_MONOTONE =
  'only "gte" and "gt" are possible, for what a window holds can only grow; for what should have happened and did not there is the kind "absence"';

/** `gte: n` or `gt: n`, parsed to the least number that passes. Sigma's other comparisons are refused with the reason. */
export function atLeast(min: number, max: number) {
  return z
    .strictObject({
      gte: z.number().int().optional(),
      gt: z.number().int().optional(),
      lt: z.never(NOT_MONOTONE).optional(),
      lte: z.never(NOT_MONOTONE).optional(),
      eq: z.never(NOT_MONOTONE).optional(),
      neq: z.never(NOT_MONOTONE).optional(),
    })
    .transform(({ gte, gt }, context): number => {
      const least = gte ?? (gt === undefined ? undefined : gt + 1);
      if (least !== undefined && (gte === undefined || gt === undefined) && least >= min && least <= max) return least;
      context.addIssue({ code: 'custom', message: `expected { gte: n } with n from ${min} to ${max}, or { gt: n }` });
      return z.NEVER;
    });
}

/** The state after a step: what no match within grace can join is dropped, and the oldest beyond the bound. */
export function settle(ring: Ring, now: number, span: number, grace: number, members: readonly Match[]): Step {
  dropBefore(ring, now - span - grace);
  const forgotten = dropBeyond(ring, RING_MAX);
  const newest = ring.at(-1);
  const rest = { members, ...(forgotten > 0 && { forgotten }) };
  if (newest === undefined) return { state: undefined, wakeAt: undefined, ...rest };
  return { state: ring, wakeAt: newest.t + span + grace + 1, ...rest };
}

export function ringOf(state: RuleState | undefined): Ring {
  return (state as Ring | undefined) ?? [];
}

/** The latest time that the ring has seen, with this one. */
export function newestOf(ring: Ring, time: number): number {
  return Math.max(time, ring.at(-1)?.t ?? 0);
}

/** "5 min", for people. */
export function spanText(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ] as const;
  const [unit, size] = units.find(([, length]) => ms % length === 0) ?? ['ms', 1];
  return `${ms / size} ${unit}`;
}
