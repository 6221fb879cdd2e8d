import type { RuleHits } from '@tocsin/store';

/**
 * What rules came to on one partition since its offset was last written. It is written with the next offset and forgotten when the
 * partition is loaded again: what is read again is counted again, so every record counts once.
 */
export class Hits {
  #byRule = new Map<string, RuleHits>();

  get any(): boolean {
    return this.#byRule.size > 0;
  }

  /** `now` is our clock, RFC 3339. */
  matched(rule: string, now: string): void {
    const hits = this.#of(rule);
    hits.matches++;
    hits.lastMatchAt = now;
  }

  add(rule: string, what: 'signals' | 'incidents' | 'evicted', count = 1): void {
    this.#of(rule)[what] += count;
  }

  take(): RuleHits[] {
    const taken = [...this.#byRule.values()];
    this.#byRule = new Map();
    return taken;
  }

  #of(rule: string): RuleHits {
    const known = this.#byRule.get(rule);
    if (known !== undefined) return known;
    const hits: RuleHits = { rule, matches: 0, signals: 0, incidents: 0, evicted: 0, lastMatchAt: null };
    this.#byRule.set(rule, hits);
    return hits;
  }
}
