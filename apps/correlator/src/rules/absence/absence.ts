import { z } from 'zod';
import { dropBefore, dropOldestOf, firstAt, insert, name, type Item, type Ring } from '../ring.js';
import { isTick, type Match, type RuleKind, type Step } from '../rule-kind.js';
import { ringOf, spanText, timespan } from '../windows.js';

const config = z.strictObject({
  timespan,
  /** The document's `rules`. */
  rules: z.array(z.string()).min(1),
  /** The rule after whose match … */
  after: z.string(),
  /** … a match of this one is due. The same rule as `after`: a sign of life that must not stop. */
  expect: z.string(),
});

/** Matches that wait to be followed; more of one group are more of the same. */
const WAITING_MAX = 1_000;

/**
 * What should have followed did not.
 *
 * A match of `after` is a member when no match of `expect` lies within `timespan` after it. That is known once event time
 * has passed the time span and the grace for what comes out of order; only a tick says so.
 */
export const absence: RuleKind<z.infer<typeof config>> = {
  type: 'absence',
  summary: 'A violation was not followed by another within a time span.',
  input: 'rule',
  config,
  create: ({ timespan: span, after, expect }, { grace }) => ({
    because: after === expect ? `no other came within ${spanText(span)}` : `no match of ${expect} followed within ${spanText(span)}`,
    namesOnTick: true,
    step(state, input): Step {
      // `m` is 0 while an item waits to be followed.
      const ring = ringOf(state);
      const members: Match[] = [];
      if (isTick(input)) {
        const decided = input.now - span - grace;
        decide(ring, decided, after, members);
        dropBefore(ring, decided + 1);
      } else {
        const at = insert(ring, input);
        if (at !== undefined) follow(ring, at, span, after, expect);
      }
      const forgotten = dropOldestOf(ring, after, WAITING_MAX);
      const wakeAt = wakeTime(ring, span + grace);
      return { state: wakeAt === undefined ? undefined : ring, members, wakeAt, ...(forgotten > 0 && { forgotten }) };
    },
  }),
};

/** Whether the new item has been followed already, and what it has followed itself: that is done with. */
function follow(ring: Ring, at: number, span: number, after: string, expect: string): void {
  const added = ring[at] as Item;
  const { t, k } = added;
  if (k === after && isFollowed(ring, at, span, expect)) added.m = 1;
  if (k !== expect) {
    if (added.m === 1) ring.splice(at, 1);
    return;
  }
  if (k !== after) added.m = 1;
  for (let index = firstAt(ring, t) - 1; index >= 0; index--) {
    const item = ring[index] as Item;
    if (t - item.t > span) break;
    if (item.k !== after) continue;
    item.m = 1;
    if (after !== expect) ring.splice(index, 1);
  }
  thin(ring, span, expect, t);
}

function isFollowed(ring: Ring, at: number, span: number, expect: string): boolean {
  const { t } = ring[at] as Item;
  for (let index = at + 1; index < ring.length && (ring[index] as Item).t - t <= span; index++) {
    const item = ring[index] as Item;
    if (item.k === expect && item.t > t) return true;
  }
  return false;
}

/** Of what was expected, an item between two others that lie within one `span` follows nothing that they do not follow, too. */
function thin(ring: Ring, span: number, expect: string, time: number): void {
  const indexes: number[] = [];
  for (let index = firstAt(ring, time - span); index < ring.length && (ring[index] as Item).t <= time + span; index++) {
    if ((ring[index] as Item).k === expect) indexes.push(index);
  }
  for (let middle = indexes.length - 2; middle >= 1; middle--) {
    const [before, item, next] = indexes.slice(middle - 1, middle + 2).map((index) => ring[index] as Item) as [Item, Item, Item];
    // One that waits itself to be followed is not done with.
    if (next.t - before.t > span || item.m === 0) continue;
    ring.splice(indexes[middle] as number, 1);
    for (let later = middle; later < indexes.length; later++) indexes[later] = (indexes[later] as number) - 1;
    indexes.splice(middle, 1);
  }
}

/** Names what nothing has followed, of all that is old enough. */
function decide(ring: Ring, before: number, after: string, members: Match[]): void {
  for (let index = 0; index < ring.length && (ring[index] as Item).t <= before; index++) {
    if ((ring[index] as Item).k === after) name(ring, index, index, members);
  }
}

/** When the oldest undecided item can be decided; without one, when the last has no more to say. */
function wakeTime(ring: Ring, wait: number): number | undefined {
  const undecided = ring.find(({ m }) => m === 0) ?? ring.at(-1);
  return undecided === undefined ? undefined : undecided.t + wait;
}
