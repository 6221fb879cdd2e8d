import { describeKnown } from '@tocsin/extension';
import { z } from 'zod';
import { spanText, timespan } from '../config.js';
import { indexAfter, indexFrom, insert, type Ring } from '../ring.js';
import { isTick, type Match, type RuleKind, type Step } from '../rule-kind.js';
import { RING_CAP } from '../window.js';
import { addTime, hasTimeWithin } from './times.js';

const config = z
  .strictObject({
    timespan,
    /** The document's `rules`: the two below. */
    rules: z.array(z.string()).min(1).max(2),
    /** The rule after whose match … */
    after: z.string(),
    /** … a match of this one is due. The same rule as `after`: a sign of life that must not stop. */
    expect: z.string(),
  })
  .superRefine(({ rules, after, expect }, context) => {
    for (const [key, rule] of Object.entries({ after, expect })) {
      if (rules.includes(rule)) continue;
      context.addIssue({
        code: 'custom',
        path: [key],
        input: rule,
        message: `is "${rule}", which is none of "rules"; ${describeKnown(rule, rules)}`,
      });
    }
    // A misspelt name leaves its rule unused; one message is enough.
    if (!rules.includes(after) || !rules.includes(expect)) return;
    rules.forEach((rule, index) => {
      if (rule === after || rule === expect) return;
      context.addIssue({ code: 'custom', path: ['rules', index], input: rule, message: `is "${rule}", which is neither "after" nor "expect"` });
    });
  });

interface AbsenceState {
  /** Matches of `after` that nothing has followed yet. */
  p: Ring;
  /** Times of the matches of `expect`, as far as they may still follow something. */
  e: number[];
  /** Event time, as far as it is known. */
  w: number;
}

/**
 * What should have followed did not.
 *
 * A match of `after` is a member when no match of `expect` lies within `timespan` after it. That is known once event
 * time has passed the time span and the grace for what comes out of order; only a tick says so. A match that comes
 * later than this cannot be judged any more and is left out, for what followed it may have been forgotten.
 */
export const absence: RuleKind<z.infer<typeof config>> = {
  type: 'absence',
  summary: 'A violation was not followed by another within a time span.',
  input: 'rule',
  config,
  create({ timespan: span, after, expect }, { grace }) {
    const wait = span + grace;

    function match(state: AbsenceState, input: Match): void {
      state.w = Math.max(state.w, input.t);
      if (input.k === expect) {
        addTime(state.e, input.t, span);
        const first = indexFrom(state.p, input.t - span);
        state.p.splice(first, indexFrom(state.p, input.t) - first);
      }
      if (input.k === after && input.t > state.w - wait && !hasTimeWithin(state.e, input.t, span)) insert(state.p, input);
    }

    function settle(state: AbsenceState, members: readonly Match[]): Step {
      const { p, e, w } = state;
      const known = e.findIndex((time) => time > w - wait);
      e.splice(0, known === -1 ? e.length : known);
      let forgotten = 0;
      if (p.length > RING_CAP) {
        // Every other one goes, so that what is left still tells of all the time.
        state.p = p.filter((_match, index) => index % 2 === 0);
        forgotten = p.length - state.p.length;
      }
      const wakeFor = p[0]?.t ?? e.at(-1);
      const step: Step = { state: undefined, members, wakeAt: undefined, ...(forgotten > 0 && { forgotten }) };
      return wakeFor === undefined ? step : { ...step, state, wakeAt: wakeFor + wait };
    }

    return {
      because: after === expect ? `no other came within ${spanText(span)}` : `no match of ${expect} followed within ${spanText(span)}`,
      namesOnTick: true,
      lag: wait,
      step(given, input) {
        const state = (given as AbsenceState | undefined) ?? { p: [], e: [], w: 0 };
        if (!isTick(input)) {
          match(state, input);
          return settle(state, []);
        }
        state.w = Math.max(state.w, input.now);
        const decided = state.p.splice(0, indexAfter(state.p, input.now - wait));
        return settle(state, decided as Match[]);
      },
    };
  },
};
