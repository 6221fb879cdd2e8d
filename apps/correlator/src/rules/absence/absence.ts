import { z } from 'zod';
import { dropBefore, dropBeyond, firstAt, insert, name, RING_MAX, type Item, type Ring } from '../ring.js';
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
      // `m` is 1 once it is known what became of an item: as one of `after` it is done with, as one of `expect` it still counts.
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
      const forgotten = dropBeyond(ring, RING_MAX);
      const wakeAt = wakeTime(ring, span + grace);
      return { state: wakeAt === undefined ? undefined : ring, members, wakeAt, ...(forgotten > 0 && { forgotten }) };
    },
  }),
};

/** What the new item has followed, and whether it has been followed already. */
function follow(ring: Ring, at: number, span: number, after: string, expect: string): void {
  const { t, k } = ring[at] as Item;
  const added = ring[at] as Item;
  if (k !== after || ring.slice(at + 1, firstAt(ring, t + span + 1)).some((item) => item.k === expect && item.t > t)) added.m = 1;
  if (k !== expect) return;
  for (let index = firstAt(ring, t) - 1; index >= 0; index--) {
    const item = ring[index] as Item;
    if (t - item.t > span) break;
    if (item.k === after) item.m = 1;
  }
  thin(ring, span, expect, t);
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
