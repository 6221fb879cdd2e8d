import { severityName, type SeverityId } from '@tocsin/domain';
import { STORY_START, type ExpectedIncident, type Expectation } from '@tocsin/policy';
import type { FoundIncident, Outcome } from './outcome.js';
import { pairUp } from './pair-up.js';

/** Both sides of a difference, in the words of a test. */
export type Facts = Record<string, string | Record<string, string>>;

/** Something that did not come as expected: `expected` alone did not come, `found` alone was not expected. */
export interface Difference {
  what: 'incident' | 'notification' | 'action' | 'command';
  expected?: Facts;
  found?: Facts;
  /** Where both are there: the keys in which they differ. */
  differs?: string[];
  /** Of the incident that was found. */
  incident?: string;
}

/** Empty when all is as expected. Incidents of rules that are not `ofRules` are not looked at; undefined: all are. */
export function compare(expected: Expectation, outcome: Outcome, ofRules: ReadonlySet<string> | undefined): Difference[] {
  const incidents = outcome.incidents.filter(({ incident: { rule } }) => ofRules === undefined || ofRules.has(rule.name));
  const found = incidents.map((one) => ({ facts: factsFound(one), incident: one.incident.id }));
  const plain = (list: readonly object[]): Candidate[] => list.map((part) => ({ facts: factsOf(part) }));
  return [
    ...outcome.refused.map((text): Difference => ({ what: 'command', found: { refused: text } })),
    ...differences('incident', expected.incidents?.map(factsExpected), found),
    ...differences('notification', expected.notifications?.map(factsOf), plain(outcome.notifications)),
    ...differences('action', expected.actions?.map(factsOf), plain(outcome.actions)),
  ];
}

interface Candidate {
  facts: Facts;
  incident?: string;
}

function differences(what: Difference['what'], expected: readonly Facts[] | undefined, found: readonly Candidate[]): Difference[] {
  if (expected === undefined) return [];
  const partner = pairUp(
    expected.length,
    found.length,
    (one, other) => differing(expected[one] as Facts, (found[other] as Candidate).facts).length === 0,
  );
  const left = new Set(found.filter((_, index) => !partner.includes(index)));
  const result = expected.filter((_, index) => partner[index] === undefined).map((missing) => besideNearest(what, missing, left));
  return [...result, ...[...left].map(({ facts, ...rest }): Difference => ({ what, found: facts, ...rest }))];
}

/** What was expected, beside the one that was most likely meant; takes that out of `left`. */
function besideNearest(what: Difference['what'], expected: Facts, left: Set<Candidate>): Difference {
  // The first key says what it is about: the rule, the subscription, the policy.
  const [identity = ''] = Object.keys(expected);
  const alike = [...left].filter(({ facts }) => facts[identity] === expected[identity]);
  const [nearest] = alike.toSorted((a, b) => differing(expected, a.facts).length - differing(expected, b.facts).length);
  if (nearest === undefined) return { what, expected };
  left.delete(nearest);
  const { facts, ...rest } = nearest;
  return { what, expected, found: facts, differs: differing(expected, facts), ...rest };
}

/** The keys of what is expected that were found otherwise; of a group only the names that are expected count. */
function differing(expected: Facts, found: Facts): string[] {
  return Object.entries(expected).flatMap(([key, wanted]) => {
    const is = found[key];
    if (typeof wanted === 'string') return wanted === is ? [] : [key];
    const values = typeof is === 'object' ? is : {};
    return Object.keys(wanted).flatMap((name) => (wanted[name] === values[name] ? [] : [`${key}.${name}`]));
  });
}

function factsExpected({ severity, opened, firstSeen, lastSeen, ...rest }: ExpectedIncident): Facts {
  const { rule, ...others } = rest;
  return {
    rule,
    ...(severity !== undefined && { severity: severityText(severity) }),
    ...factsOf(others),
    ...(opened !== undefined && { opened: offsetText(opened) }),
    ...(firstSeen !== undefined && { firstSeen: offsetText(firstSeen) }),
    ...(lastSeen !== undefined && { lastSeen: offsetText(lastSeen) }),
  };
}

function factsFound({ incident, opened }: FoundIncident): Facts {
  return {
    rule: incident.rule.name,
    title: incident.title,
    severity: severityText(incident.severity_id),
    status: incident.status,
    count: String(incident.count),
    late: String(incident.late),
    group: incident.group,
    opened: offsetText(opened - STORY_START),
    firstSeen: offsetText(Date.parse(incident.first_seen) - STORY_START),
    lastSeen: offsetText(Date.parse(incident.last_seen) - STORY_START),
    muted: String(incident.muted !== undefined),
    ...(incident.resolution !== undefined && { resolution: incident.resolution.reason }),
    ...(incident.assignee !== undefined && { assignee: incident.assignee }),
  };
}

function factsOf(part: object): Facts {
  const entries = Object.entries(part).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([key, value]) => [key, typeof value === 'object' ? (value as Record<string, string>) : String(value)]));
}

function severityText(id: SeverityId): string {
  return severityName(id).toLowerCase();
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** As durations are written: the largest unit that leaves no rest. */
export function offsetText(ms: number): string {
  if (ms === 0) return '0s';
  const [unit, size] = UNITS.find(([, length]) => ms % length === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}
