import { GROUP_FIELDS } from '@tocsin/policy';
import { z } from 'zod';
import { nameDistinct, thinDistinct } from '../distinct.js';
import { insert } from '../ring.js';
import { isTick, type Match, type RuleKind, type Step } from '../rule-kind.js';
import { atLeast, newestOf, ringOf, settle, spanText, timespan } from '../windows.js';

/** Fields whose values can be counted, beside those that rules group by. */
const VALUE_FIELDS = [
  ...GROUP_FIELDS,
  'src_endpoint.port',
  'dst_endpoint.port',
  'dst_endpoint.hostname',
  'file.path',
  'process.cmd_line',
  'message',
] as const;

const config = z.strictObject({
  timespan,
  condition: z.looseObject({ field: z.enum(VALUE_FIELDS) }).transform(({ field, ...rest }, context) => {
    const least = atLeast(2, 1_000).safeParse(rest);
    if (least.success) return { field, least: least.data };
    context.issues.push(...least.error.issues.map((issue) => ({ ...issue, code: 'custom' as const, input: rest })));
    return z.NEVER;
  }),
});

/**
 * `gte` or more distinct values of a field within any `timespan` (Sigma `value_count`): a scan has many addresses, a
 * stolen account many pods.
 *
 * A match is a member when it lies in some window of length `timespan` that holds at least `gte` values.
 */
export const valueCount: RuleKind<z.infer<typeof config>> = {
  type: 'value_count',
  summary: 'At least N distinct values of a field within a time span.',
  input: 'field',
  config,
  create: ({ timespan: span, condition: { field, least } }, { grace }) => ({
    because: `at least ${least} values of ${field} lie within ${spanText(span)}`,
    step(state, input): Step {
      const ring = ringOf(state);
      if (isTick(input)) return settle(ring, input.now, span, grace, []);
      const members: Match[] = [];
      const at = insert(ring, input);
      const newest = newestOf(ring, input.t);
      let forgotten = 0;
      if (at !== undefined) {
        nameDistinct(ring, at, span, least, members);
        forgotten = thinDistinct(ring, at, span, least);
      }
      const step = settle(ring, newest, span, grace, members);
      return forgotten > 0 ? { ...step, forgotten: (step.forgotten ?? 0) + forgotten } : step;
    },
  }),
};
