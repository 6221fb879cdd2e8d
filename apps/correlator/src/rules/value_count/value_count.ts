import { GROUP_FIELDS } from '@tocsin/policy';
import { z } from 'zod';
import { condition, leastOf, lowerBound, spanText, timespan } from '../config.js';
import { Distinct } from '../distinct.js';
import type { RuleKind } from '../rule-kind.js';
import { windowReducer } from '../window.js';

/** Fields whose values may be counted: those of groups, and some that senders may vary at will. */
const FIELDS = [
  ...GROUP_FIELDS,
  'dst_endpoint.port',
  'src_endpoint.port',
  'dst_endpoint.hostname',
  'file.path',
  'process.cmd_line',
  'message',
] as const;

const config = z.strictObject({
  timespan,
  /** How many different values of `field` one window must hold. */
  condition: condition.pipe(
    z
      .strictObject({ field: z.enum(FIELDS), ...lowerBound(2, 1_000) })
      .transform(({ field, ...bound }, context) => ({ field, gte: leastOf(bound, context) })),
  ),
});

/** A match is a member when it lies in some window that holds at least `gte` values of `field` (Sigma `value_count`). */
export const valueCount: RuleKind<z.infer<typeof config>> = {
  type: 'value_count',
  summary: 'At least N different values of a field within a time span.',
  config,
  input: 'field',
  create: ({ timespan: span, condition: { field, gte } }, { grace }) =>
    windowReducer(new Distinct(span, gte), grace, `${gte} or more different values of ${field} matched within ${spanText(span)}`),
};
