import type { Incident, Muting, Silence } from '@tocsin/domain';
import { compileFilter, type Filter } from '@tocsin/policy';
import type { RuleSet } from './rule-set.js';

/** Enough to say who is to blame, however many silences match. */
const MUTINGS_MAX = 5;

/** The silences and inhibiting incidents known to this process, and what they mute. */
export class Mutings {
  #silences: readonly { silence: Silence; filter: Filter }[] = [];
  readonly #compiled = new Map<string, Filter>();
  /** Not resolved, of rules that inhibit others, by rule and id. */
  readonly #inhibiting = new Map<string, Map<string, Incident>>();

  /** All silences that have not ended. One whose filter does not compile mutes nothing: what made it had checked it. */
  setSilences(silences: readonly Silence[]): void {
    this.#silences = silences.flatMap((silence) => {
      const filter = this.#filterOf(silence.filter);
      return filter === undefined ? [] : [{ silence, filter }];
    });
  }

  /** When silences begin and end, milliseconds since 1970. */
  get boundaries(): number[] {
    return this.#silences.flatMap(({ silence }) => [Date.parse(silence.starts_at), Date.parse(silence.ends_at)]);
  }

  /** All incidents that may inhibit others. */
  setInhibiting(incidents: readonly Incident[]): void {
    this.#inhibiting.clear();
    for (const incident of incidents) this.#note(incident);
  }

  /** An incident as it is now. */
  note(incident: Incident, rules: RuleSet): void {
    if (rules.inhibiting.has(incident.rule.name)) this.#note(incident);
  }

  #note(incident: Incident): void {
    const { name } = incident.rule;
    let ofRule = this.#inhibiting.get(name);
    if (ofRule === undefined) this.#inhibiting.set(name, (ofRule = new Map<string, Incident>()));
    if (incident.status === 'resolved') ofRule.delete(incident.id);
    else ofRule.set(incident.id, incident);
  }

  /** What mutes the incident now; `beside` are incidents of the same batch, not yet noted. Empty when nothing does. */
  of(incident: Incident, rules: RuleSet, now: string, beside: readonly Incident[] = []): Muting[] {
    return [...this.#silencedBy(incident, now), ...this.#inhibitedBy(incident, rules, beside)].slice(0, MUTINGS_MAX);
  }

  #silencedBy(incident: Incident, now: string): Muting[] {
    return this.#silences
      .filter(({ silence, filter }) => silence.starts_at <= now && now < silence.ends_at && filter.test(incident))
      .map(({ silence }) => ({ by: 'silence', id: silence.id, comment: silence.comment }));
  }

  #inhibitedBy(incident: Incident, rules: RuleSet, beside: readonly Incident[]): Muting[] {
    const inhibitors = rules.inhibitors.get(incident.rule.name);
    if (inhibitors === undefined) return [];
    const found = new Map<string, Incident>();
    for (const { rule, equal } of inhibitors) {
      const known = [...(this.#inhibiting.get(rule)?.values() ?? []), ...beside.filter((other) => other.rule.name === rule)];
      for (const other of known) {
        const same = other.id !== incident.id && equal.every((name) => other.group[name] === incident.group[name]);
        // What a batch has just resolved is still known as it was.
        if (same && !beside.some(({ id, status }) => id === other.id && status === 'resolved')) found.set(other.id, other);
      }
    }
    return [...found.values()]
      .map((candidate) => ({ by: 'inhibition' as const, id: candidate.id, comment: candidate.title }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  #filterOf(source: string): Filter | undefined {
    let filter = this.#compiled.get(source);
    if (filter !== undefined) return filter;
    try {
      filter = compileFilter(source, 'incident');
    } catch {
      return undefined;
    }
    this.#compiled.set(source, filter);
    return filter;
  }
}
