import { duration } from '@tocsin/extension';
import { z } from 'zod';

/** Length of the sliding window, event time. */
export const timespan = duration.refine((ms) => ms >= 1_000 && ms <= 30 * 24 * 3_600_000, 'expected a duration from 1s to 30d');

/** The document's `rules`, for kinds that tell matches apart by the rule that they came through. */
export const ruleNames = z
  .array(z.string())
  .min(2)
  .max(20)
  .refine((rules) => new Set(rules).size === rules.length, 'names a rule twice; for repeats there is the kind "event_count"');

const NOT_MONOTONE =
  'only "gte" and "gt" are possible, for what a window holds can only grow; for what should have happened and did not there is the kind "absence"';

/** Sigma's other comparisons are refused with the reason, rather than as unknown keys. */
export const condition = z.unknown().superRefine((value, context) => {
  if (value === null || typeof value !== 'object') return;
  for (const key of ['lt', 'lte', 'eq', 'neq']) {
    if (Object.hasOwn(value, key)) context.addIssue({ code: 'custom', path: [key], input: value, message: NOT_MONOTONE });
  }
});

/** `gte: n` or `gt: n`; see `leastOf`. */
export function lowerBound(min: number, max: number) {
  const number = z.number().int();
  return {
    gte: number.min(min).max(max).optional(),
    gt: number
      .min(min - 1)
      .max(max - 1)
      .optional(),
  };
}

/** The least number that passes; `context` hears of it when the condition does not say one. */
export function leastOf(bound: { gte?: number | undefined; gt?: number | undefined }, context: z.core.$RefinementCtx): number {
  const { gte, gt } = bound;
  const least = gte ?? (gt === undefined ? undefined : gt + 1);
  if (least !== undefined && (gte === undefined || gt === undefined)) return least;
  const message = least === undefined ? 'has neither "gte" (this many or more) nor "gt" (more than this many)' : 'has both "gte" and "gt"; keep one';
  context.addIssue({ code: 'custom', input: bound, message });
  return z.NEVER;
}

/** A length of time for people: `5 min`. */
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
