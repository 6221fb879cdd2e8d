import { describeKnown, duration } from '@tocsin/extension';
import { z } from 'zod';
import { spanText, timespan } from '../config.js';
import type { RuleKind } from '../rule-kind.js';
import { windowReducer } from '../window.js';
import { Scores } from './scores.js';

const points = z.number().positive().max(1_000_000);

const config = z
  .strictObject({
    /** How long a match counts at all. */
    timespan,
    /** After this time a match counts half. */
    halfLife: duration.refine((ms) => ms >= 1_000, 'expected at least 1s'),
    condition: z.strictObject({ gte: points }),
    /** The document's `rules`, if it has any. */
    rules: z.array(z.string()).optional(),
    /** Points of a match of a rule. */
    scores: z.record(z.string(), points).default({}),
    /** Points of a match of any other rule, by its severity. */
    severityScores: z
      .strictObject({ informational: points, low: points, medium: points, high: points, critical: points, fatal: points })
      .partial()
      .default({ low: 5, medium: 15, high: 40, critical: 80, fatal: 80 }),
    /** The most that one rule adds at a time, so that one noisy rule is not enough. */
    cap: points.optional(),
  })
  .superRefine(({ rules, scores }, context) => {
    for (const rule of Object.keys(scores)) {
      if (rules === undefined || rules.includes(rule)) continue;
      context.addIssue({ code: 'custom', path: ['scores', rule], input: rule, message: `is none of "rules"; ${describeKnown(rule, rules)}` });
    }
  });

const SEVERITY_KEYS = ['informational', 'low', 'medium', 'high', 'critical', 'fatal'] as const;

/**
 * Many small things about one entity that are much together: each match adds points, which halve with every `halfLife`.
 *
 * A match is a member when at the time of some match, no more than `timespan` later, the score of all matches of the
 * `timespan` before is at least `gte`. More matches never lower a score.
 */
export const risk: RuleKind<z.infer<typeof config>> = {
  type: 'risk',
  summary: 'The matches of an entity, each worth points that decay, add up to a threshold.',
  input: 'rule',
  config,
  create({ timespan: span, halfLife, condition, scores, severityScores, cap }, { grace }) {
    const pointsBySeverity = SEVERITY_KEYS.map((key) => severityScores[key] ?? 0);
    const pointsByRule = new Map(Object.entries(scores));
    const rule = new Scores(span, {
      halfLife,
      gte: condition.gte,
      cap: cap ?? Infinity,
      pointsOf: ({ k, s }) => pointsByRule.get(k) ?? pointsBySeverity[s - 1] ?? 0,
    });
    return windowReducer(rule, grace, `their points, halving every ${spanText(halfLife)}, reached ${condition.gte}`);
  },
};
