/**
 * Stretches of time, disjoint and ascending, as lo, hi, lo, hi, …; bounds included. A match that falls into one is a
 * member whatever else comes.
 */
export type Stretches = number[];

export function isWithin(stretches: Stretches, time: number): boolean {
  for (let at = stretches.length - 2; at >= 0; at -= 2) {
    if (time > (stretches[at + 1] as number)) return false;
    if (time >= (stretches[at] as number)) return true;
  }
  return false;
}

/** Adds a stretch that does not begin before the last one; they are joined where they touch. */
export function add(stretches: Stretches, lo: number, hi: number): void {
  const last = stretches.at(-1);
  if (last === undefined || lo > last) stretches.push(lo, hi);
  else if (hi > last) stretches[stretches.length - 1] = hi;
}

export function union(a: Stretches, b: Stretches): Stretches {
  const all: Stretches = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const fromA = j >= b.length || (i < a.length && (a[i] as number) <= (b[j] as number));
    const [list, at] = fromA ? [a, i] : [b, j];
    add(all, list[at] as number, list[at + 1] as number);
    if (fromA) i += 2;
    else j += 2;
  }
  return all;
}

/** Without those that end before that time. */
export function since(stretches: Stretches, time: number): Stretches {
  const at = stretches.findIndex((bound, index) => index % 2 === 1 && bound >= time);
  return at === -1 ? [] : stretches.slice(at - 1);
}
