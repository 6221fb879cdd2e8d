import { duration } from '@tocsin/extension';
import { z } from 'zod';
import { dropOldestOf, firstAt, insert, name, type Item, type Ring } from '../ring.js';
import { isTick, type Match, type RuleKind, type Step } from '../rule-kind.js';
import { newestOf, ringOf, settle, spanText, timespan } from '../windows.js';

const points = z.number().positive().max(1_000_000);

const config = z.strictObject({
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
});

type RiskConfig = z.infer<typeof config>;

/** Matches kept of one rule; more of them hardly add to its score. */
const KEPT_PER_RULE = 200;
const SEVERITY_KEYS = ['informational', 'low', 'medium', 'high', 'critical', 'fatal'] as const;

/**
 * Many small things about one entity that are much together: each match adds points, which halve with every `halfLife`.
 *
 * A match is a member when at the time of some match, no more than `timespan` later, the score of all matches of the
 * `timespan` before is at least `gte`. More matches never lower a score.
 */
export const risk: RuleKind<RiskConfig> = {
  type: 'risk',
  summary: 'The matches of an entity, each worth points that decay, add up to a threshold.',
  input: 'rule',
  config,
  create: (settings, { grace }) => ({
    because: `their points, halving every ${spanText(settings.halfLife)}, reached ${settings.condition.gte}`,
    step(state, input): Step {
      const ring = ringOf(state);
      const { timespan: span } = settings;
      if (isTick(input)) return settle(ring, input.now, span, grace, []);
      const members: Match[] = [];
      const newest = newestOf(ring, input.t);
      let forgotten = 0;
      const at = insert(ring, input);
      if (at !== undefined) {
        nameRisky(ring, at, settings, members);
        forgotten = dropOldestOf(ring, input.k, KEPT_PER_RULE);
      }
      const step = settle(ring, newest, span, grace, members);
      return forgotten > 0 ? { ...step, forgotten: (step.forgotten ?? 0) + forgotten } : step;
    },
  }),
};

/** The new item raises the score at its own time and at those of later items within `timespan`. */
function nameRisky(ring: Ring, at: number, settings: RiskConfig, members: Match[]): void {
  const { timespan: span, condition } = settings;
  const added = ring[at] as Item;
  const end = firstAt(ring, added.t + span + 1);
  let last = -1;
  for (let index = at; index < end; index++) {
    const { t } = ring[index] as Item;
    // All items of one time share one score.
    if (t === last) continue;
    last = t;
    const from = firstAt(ring, t - span);
    const to = firstAt(ring, t + 1) - 1;
    if (scoreOf(ring, from, to, t, settings) >= condition.gte) name(ring, from, to, members);
  }
}

function scoreOf(ring: Ring, from: number, to: number, time: number, settings: RiskConfig): number {
  const byRule = new Map<string, number>();
  for (let index = from; index <= to; index++) {
    const { t, k, s } = ring[index] as Item;
    const severity = SEVERITY_KEYS[s - 1];
    const worth = settings.scores[k] ?? (severity === undefined ? 0 : (settings.severityScores[severity] ?? 0));
    byRule.set(k, (byRule.get(k) ?? 0) + worth * 2 ** ((t - time) / settings.halfLife));
  }
  let score = 0;
  // Added in a fixed order, so that rounding is the same in whatever order they came.
  for (const rule of [...byRule.keys()].toSorted()) score += Math.min(byRule.get(rule) as number, settings.cap ?? Infinity);
  return score;
}
