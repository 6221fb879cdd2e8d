/**
 * For each of the first, which of the second it goes with; each goes with at most one, and as many as possible find one
 * (the augmenting paths of bipartite matching). Taking the first that fits would fail tests that hold.
 */
export function pairUp(first: number, second: number, fits: (one: number, other: number) => boolean): (number | undefined)[] {
  const partner: (number | undefined)[] = Array.from({ length: first });
  const takenBy: (number | undefined)[] = Array.from({ length: second });
  const find = (one: number, tried: Set<number>): boolean => {
    for (let other = 0; other < second; other++) {
      if (tried.has(other) || !fits(one, other)) continue;
      tried.add(other);
      const holder = takenBy[other];
      if (holder !== undefined && !find(holder, tried)) continue;
      takenBy[other] = one;
      partner[one] = other;
      return true;
    }
    return false;
  };
  for (let one = 0; one < first; one++) find(one, new Set());
  return partner;
}
