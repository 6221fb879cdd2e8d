/** The candidate that a misspelt word most likely means; undefined when none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? longer(word, candidates);
}

/** A word that was left unfinished: `severity` for `severity_id`. */
function longer(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length < 4) return undefined;
  return [...candidates].find((candidate) => candidate.toLowerCase().startsWith(word.toLowerCase()));
}

/** Beside a proposal, a longer list only hides it. */
const LIST_WITH_PROPOSAL_MAX = 12;
const LIST_MAX = 40;

/** `known: a, b, c`; where one is near, it stands first and is proposed. */
export function describeKnown(word: string, candidates: Iterable<string>): string {
  const known = [...new Set(candidates)].toSorted();
  const near = nearest(word, known);
  if (near !== undefined) {
    if (known.length > LIST_WITH_PROPOSAL_MAX) return `did you mean "${near}"?`;
    return `did you mean "${near}"? known: ${[near, ...known.filter((candidate) => candidate !== near)].join(', ')}`;
  }
  const more = known.length > LIST_MAX ? ` and ${known.length - LIST_MAX} more` : '';
  return known.length === 0 ? 'there is none' : `known: ${known.slice(0, LIST_MAX).join(', ')}${more}`;
}

/** Damerau's distance (a swap of neighbours counts as one), given up at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (last[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, substitution);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (beforeLast[j - 2] as number) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] as number;
}
