import { z } from 'zod';
import { ruleNames, spanText, timespan } from '../config.js';
import type { RuleKind } from '../rule-kind.js';
import { windowReducer } from '../window.js';
import { Chains } from './chains.js';

const config = z.strictObject({
  timespan,
  /** In the order in which they must match. */
  rules: ruleNames,
});

/** A match is a member when it is part of a chain: one match of each rule, in their order, within the time span (Sigma `temporal_ordered`). */
export const temporalOrdered: RuleKind<z.infer<typeof config>> = {
  type: 'temporal_ordered',
  summary: 'Matches of several rules within a time span, in the order of the rules.',
  config,
  input: 'rule',
  create: ({ timespan: span, rules }, { grace }) =>
    windowReducer(new Chains(span, rules), grace, `${rules.join(', then ')} matched within ${spanText(span)}`),
};
