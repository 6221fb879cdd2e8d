/**
 * Adds a time to an ascending list that is only asked by `hasTimeWithin`. A time whose neighbours lie within one `span`
 * of each other is left out: a span that holds it begins before the neighbour on its left, and holds that one, or else
 * reaches the one on its right. So a flood leaves two times per span.
 */
export function addTime(times: number[], time: number, span: number): void {
  let at = times.length;
  while (at > 0 && (times[at - 1] as number) > time) at--;
  if (times[at - 1] === time || isSpare(times[at - 1], times[at], span)) return;
  times.splice(at, 0, time);
  if (isSpare(time, times[at + 2], span)) times.splice(at + 1, 1);
  if (isSpare(times[at - 2], time, span)) times.splice(at - 1, 1);
}

function isSpare(before: number | undefined, after: number | undefined, span: number): boolean {
  return before !== undefined && after !== undefined && after - before <= span;
}

/** Whether one of the times is later than `time` by at most `span`. */
export function hasTimeWithin(times: readonly number[], time: number, span: number): boolean {
  return times.some((one) => one > time && one <= time + span);
}
