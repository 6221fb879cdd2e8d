import type { Incident } from '@tocsin/domain';
import { severityName } from '@tocsin/domain';
import { STORY_START, type ExpectedIncident, type Expectation } from '@tocsin/policy';
import type { Outcome } from './play.js';

/** Lines of a difference: `-` was expected and did not come, `+` came and was not expected; empty when all is as expected. */
export function compare(expected: Expectation, outcome: Outcome, ofRules: ReadonlySet<string> | undefined): string[] {
  const incidents = outcome.incidents.filter(({ rule }) => ofRules === undefined || ofRules.has(rule.name));
  return [
    ...outcome.refused.map((text) => `  command refused: ${text}`),
    ...differences('incidents', expected.incidents, incidents, matchesIncident, showExpected, showIncident),
    ...differences('notifications', expected.notifications, outcome.notifications, matchesPart, showPart, showPart),
    ...differences('actions', expected.actions, outcome.actions, matchesPart, showPart, showPart),
  ];
}

/** Each of the actual ones answers to at most one of the expected; those that say most choose first. */
function differences<E extends object, A extends object>(
  title: string,
  expected: readonly E[] | undefined,
  actual: readonly A[],
  matches: (expected: E, actual: A) => boolean,
  showWanted: (expected: E, near?: A) => string,
  showFound: (actual: A) => string,
): string[] {
  if (expected === undefined) return [];
  const left = [...actual];
  const missing: E[] = [];
  for (const one of expected.toSorted((a, b) => Object.keys(b).length - Object.keys(a).length)) {
    const index = left.findIndex((candidate) => matches(one, candidate));
    if (index === -1) missing.push(one);
    else left.splice(index, 1);
  }
  if (missing.length + left.length === 0) return [];
  return [`  ${title}:`, ...missing.map((one) => `  - ${showWanted(one)}`), ...left.map((one) => `  + ${showFound(one)}`)];
}

function matchesIncident(expected: ExpectedIncident, actual: Incident): boolean {
  const shown = facts(actual);
  return Object.entries(facts(expected)).every(([key, value]) =>
    key === 'group'
      ? Object.entries(value as Record<string, string>).every(([name, wanted]) => actual.group[name] === wanted)
      : JSON.stringify(shown[key]) === JSON.stringify(value),
  );
}

function matchesPart(expected: object, actual: object): boolean {
  const found = actual as Record<string, unknown>;
  return Object.entries(expected).every(([key, value]) => value === undefined || found[key] === value);
}

type Facts = Record<string, unknown>;

/** Both sides in the words of a test. */
function facts(of: ExpectedIncident | Incident): Facts {
  if (!('schema' in of)) return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined));
  return {
    rule: of.rule.name,
    title: of.title,
    severity: of.severity_id,
    status: of.status,
    count: of.count,
    late: of.late,
    group: of.group,
    firstSeen: Date.parse(of.first_seen) - STORY_START,
    lastSeen: Date.parse(of.last_seen) - STORY_START,
    muted: of.muted !== undefined,
    ...(of.resolution !== undefined && { resolution: of.resolution.reason }),
    ...(of.assignee !== undefined && { assignee: of.assignee }),
  };
}

function showExpected(expected: ExpectedIncident): string {
  return show(facts(expected));
}

function showIncident(incident: Incident): string {
  const { title: _title, late, muted, ...rest } = facts(incident);
  return show({ ...rest, ...(late !== 0 && { late }), ...(muted === true && { muted }) });
}

function showPart(part: object): string {
  return show(Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)));
}

function show(found: Facts): string {
  const texts = Object.entries(found).map(([key, value]) => {
    if (key === 'severity') return `severity: ${severityName(value as Incident['severity_id']).toLowerCase()}`;
    if (key === 'firstSeen' || key === 'lastSeen') return `${key}: ${offsetText(value as number)}`;
    if (typeof value === 'object' && value !== null)
      return `${key}: { ${Object.entries(value)
        .map(([name, text]) => `${name}: ${String(text)}`)
        .join(', ')} }`;
    return `${key}: ${String(value)}`;
  });
  return `{ ${texts.join(', ')} }`;
}

/** As durations are written: the largest unit that leaves no rest. */
export function offsetText(ms: number): string {
  if (ms === 0) return '0s';
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const)
    if (ms % size === 0) return `${ms / size}${unit}`;
  return `${ms}ms`;
}
