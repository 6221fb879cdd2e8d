import { z } from 'zod';
import { nameDistinct, thinDistinct } from '../distinct.js';
import { insert } from '../ring.js';
import { isTick, type Match, type RuleKind, type Step } from '../rule-kind.js';
import { atLeast, newestOf, ringOf, settle, spanText, timespan } from '../windows.js';

const config = z.strictObject({
  timespan,
  /** The document's `rules`. */
  rules: z.array(z.string()).min(2),
  /** How many of the rules must have matched; all when absent. */
  condition: atLeast(2, 20).optional(),
});

/**
 * Matches of several rules within any `timespan`, in any order (Sigma `temporal`).
 *
 * A match is a member when it lies in some window of length `timespan` that holds matches of enough of the rules.
 */
export const temporal: RuleKind<z.infer<typeof config>> = {
  type: 'temporal',
  summary: 'Several rules matched within a time span, in any order.',
  input: 'rule',
  config,
  create({ timespan: span, rules, condition }, { grace }) {
    const least = Math.min(condition ?? rules.length, rules.length);
    return {
      because: `${least === rules.length ? 'all' : `${least} of`} the rules ${rules.join(', ')} matched within ${spanText(span)}`,
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
    };
  },
};
