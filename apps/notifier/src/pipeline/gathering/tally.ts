import { DIGEST_TOP, severityName, type Counted, type SeverityId, type TopTalkers } from '@tocsin/domain';
import { factsOf } from '../../formats/facts.js';
import type { Told } from '../../formats/format.js';

/**
 * What is kept of events that are told together: counts that add up exactly, and no more than so many values, whatever comes.
 * JSON, as it is in the store. All functions are pure.
 */
export interface Tally {
  count: number;
  severities: Record<string, number>;
  /** Counts by value; those that found no room are in `otherNames` and `otherWorkloads`. */
  names: Record<string, number>;
  otherNames: number;
  workloads: Record<string, number>;
  otherWorkloads: number;
  sample: string[];
  /** Of the events; undefined while there are none. RFC 3339. */
  first?: string | undefined;
  last?: string | undefined;
  worst: SeverityId;
  /** Incidents that are not resolved, by id, up to `OPEN_MAX`. */
  open: Record<string, true>;
}

const VALUES_MAX = 200;
const VALUE_LENGTH = 200;
const SAMPLE = 20;
const OPEN_MAX = 1_000;

export function emptyTally(): Tally {
  return { count: 0, severities: {}, names: {}, otherNames: 0, workloads: {}, otherWorkloads: 0, sample: [], worst: 1, open: {} };
}

export function withEvent(tally: Tally, told: Exclude<Told, { events: 'digests' }>): Tally {
  const facts = factsOf(told);
  const severity = severityName(facts.severityId).toLowerCase();
  const workload = [facts.cluster, facts.namespace, facts.workload].filter((part) => part !== undefined && part !== '').join('/');
  const names = counted(tally.names, tally.otherNames, facts.class, 1);
  const workloads = counted(tally.workloads, tally.otherWorkloads, workload, 1);
  return {
    count: tally.count + 1,
    severities: { ...tally.severities, [severity]: (tally.severities[severity] ?? 0) + 1 },
    names: names.values,
    otherNames: names.others,
    workloads: workloads.values,
    otherWorkloads: workloads.others,
    sample: tally.sample.length < SAMPLE ? [...tally.sample, facts.id] : tally.sample,
    first: earliest(tally.first, facts.firstSeen ?? facts.time),
    last: latest(tally.last, facts.lastSeen ?? facts.time),
    worst: Math.max(tally.worst, facts.severityId) as SeverityId,
    open: opened(tally.open, told),
  };
}

/** Two tallies as one; the order does not matter but for which values are named. */
export function merged(a: Tally, b: Tally): Tally {
  const names = sum(a.names, a.otherNames, b.names, b.otherNames);
  const workloads = sum(a.workloads, a.otherWorkloads, b.workloads, b.otherWorkloads);
  const severities = { ...a.severities };
  for (const [name, count] of Object.entries(b.severities)) severities[name] = (severities[name] ?? 0) + count;
  const [first, last] = [earliest(a.first, b.first), latest(a.last, b.last)];
  return {
    count: a.count + b.count,
    severities,
    names: names.values,
    otherNames: names.others,
    workloads: workloads.values,
    otherWorkloads: workloads.others,
    sample: [...a.sample, ...b.sample].slice(0, SAMPLE),
    first,
    last,
    worst: Math.max(a.worst, b.worst) as SeverityId,
    open: Object.fromEntries(Object.entries({ ...a.open, ...b.open }).slice(0, OPEN_MAX)),
  };
}

/** What is left of a tally that was told: the incidents that are still open. */
export function afterTelling({ open }: Tally): Tally {
  return { ...emptyTally(), open };
}

export function topTalkers(values: Readonly<Record<string, number>>, others: number): TopTalkers {
  const all: Counted[] = Object.entries(values).map(([value, count]) => ({ value, count }));
  const ranked = all.toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
  const rest = ranked.slice(DIGEST_TOP).reduce((total, { count }) => total + count, 0);
  return { values: ranked.slice(0, DIGEST_TOP), others: others + rest };
}

function counted(
  values: Readonly<Record<string, number>>,
  others: number,
  value: string,
  by: number,
): { values: Record<string, number>; others: number } {
  const key = value.toWellFormed().replaceAll('\u0000', '\uFFFD').slice(0, VALUE_LENGTH) || '-';
  const known = Object.hasOwn(values, key);
  if (!known && (key === '__proto__' || Object.keys(values).length >= VALUES_MAX)) return { values: { ...values }, others: others + by };
  return { values: { ...values, [key]: (known ? (values[key] ?? 0) : 0) + by }, others };
}

function sum(a: Readonly<Record<string, number>>, aOthers: number, b: Readonly<Record<string, number>>, bOthers: number) {
  let total = { values: { ...a }, others: aOthers + bOthers };
  for (const [value, count] of Object.entries(b)) total = counted(total.values, total.others, value, count);
  return total;
}

/** Ids are ours, so no name of a prototype is among them. */
function opened(open: Readonly<Record<string, true>>, { events, data }: Told): Record<string, true> {
  if (events !== 'incidents') return { ...open };
  const { [data.id]: _before, ...others } = open;
  if (data.status === 'resolved' || Object.keys(others).length >= OPEN_MAX) return others;
  return { ...others, [data.id]: true };
}

function earliest(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a;
}

function latest(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}
