import { z } from 'zod';
import { condition, leastOf, lowerBound, ruleNames, spanText, timespan } from '../config.js';
import { Distinct } from '../distinct.js';
import type { RuleKind } from '../rule-kind.js';
import { windowReducer } from '../window.js';

const config = z
  .strictObject({
    timespan,
    rules: ruleNames,
    /** How many of the rules must match within one window; all of them when it is absent. */
    condition: condition.pipe(z.strictObject(lowerBound(2, 20)).transform((bound, context) => ({ gte: leastOf(bound, context) }))).optional(),
  })
  .superRefine(({ rules, condition: bound }, context) => {
    if (bound !== undefined && bound.gte > rules.length) {
      const message = `asks for ${bound.gte} rules, but "rules" has only ${rules.length}`;
      context.addIssue({ code: 'custom', path: ['condition'], input: bound, message });
    }
  });

/** A match is a member when it lies in some window with matches of enough of the rules, in any order (Sigma `temporal`). */
export const temporal: RuleKind<z.infer<typeof config>> = {
  type: 'temporal',
  summary: 'Matches of several rules within a time span, in any order.',
  config,
  input: 'rule',
  create: ({ timespan: span, rules, condition: bound }, { grace }) => {
    const gte = bound?.gte ?? rules.length;
    const which = gte === rules.length ? rules.join(' and ') : `${gte} or more of ${rules.join(', ')}`;
    return windowReducer(new Distinct(span, gte), grace, `${which} matched within ${spanText(span)}`);
  },
};
