/**
 * Which records of a partition were gathered, so that they are not when the log gives them again after a crash: offsets below
 * `to` that lie in one of the ranges, but for those that were told by themselves. JSON, as it is in the store.
 */
export interface Gathered {
  /** The offset after the last record that was looked at. */
  to: number;
  ranges: { from: number; to: number; individually: number }[];
}

/** More than any restart goes back over; the oldest are forgotten first. */
const RANGES_MAX = 100;

export function emptyGathered(): Gathered {
  return { to: 0, ranges: [] };
}

/** What had become of this record before: undefined when it was not looked at. */
export function fateOf(gathered: Gathered, offset: number, severityId: number): 'gathered' | 'told' | undefined {
  if (offset >= gathered.to) return undefined;
  const range = gathered.ranges.find(({ from, to }) => from <= offset && offset < to);
  return range !== undefined && severityId < range.individually ? 'gathered' : 'told';
}

/** Offsets from `from` up to `to` were gathered (`gather`) or told one by one. Called in the order of offsets. */
export function withStep(gathered: Gathered, from: number, to: number, gather: boolean, individually: number): Gathered {
  if (!gather) return { to, ranges: gathered.ranges };
  const last = gathered.ranges.at(-1);
  if (last !== undefined && last.to === from && last.individually === individually) {
    return { to, ranges: [...gathered.ranges.slice(0, -1), { ...last, to }] };
  }
  return { to, ranges: [...gathered.ranges, { from, to, individually }].slice(-RANGES_MAX) };
}
