import { VIOLATION_SCHEMA, violationId, violationKey, type Violation } from '@tocsin/domain';
import { EventType, encodeEvent, type LogRecord } from '@tocsin/event-log';
import type { DegradedCause } from './bounds.js';

/** Violations that we raise ourselves have this source; the rule `detection-degraded` makes them incidents. */
export const OWN_SOURCE = 'tocsin';

const EVERY_MS = 10 * 60_000;

const WHY: Record<DegradedCause, string> = {
  groups: 'it had more groups than correlator.maxGroupsPerRule, and those least recently changed were forgotten',
  memory: 'the memory of correlator.stateBudgetMb was used up, and those least recently changed were forgotten',
  new_groups: 'more new groups came in a minute than correlator.newGroupsPerMinute, and the rest was not counted',
  window: 'a window held more matches than the rule kind keeps, and the oldest were forgotten',
};

/** One for each rule and cause in ten minutes: the id says so, whoever repeats it. `home` is the partition that degraded. */
export function degradedViolations(lost: readonly { rule: string; cause: DegradedCause; count: number }[], home: string, now: number): LogRecord[] {
  const time = new Date(Math.floor(now / EVERY_MS) * EVERY_MS).toISOString();
  return lost.map(({ rule, cause, count }) => {
    const violation: Violation = {
      schema: VIOLATION_SCHEMA,
      id: violationId(OWN_SOURCE, OWN_SOURCE, `${home}/${rule}/${cause}`, time),
      source: OWN_SOURCE,
      kind: 'generic',
      name: `Detection degraded: ${rule}`,
      message: `Rule "${rule}" may have missed something: ${WHY[cause]}.`,
      severity_id: 4,
      time,
      received_time: time,
      cluster: OWN_SOURCE,
      workload: {},
      disposition: 'Detected',
      attacks: [{ tactic: 'defense_evasion', technique: 'T1562' }],
      tags: [],
      labels: { rule, cause, home },
      count,
      raw: '',
    };
    const attributes = { id: violation.id, type: EventType.Violation, source: '/tocsin/correlator', time };
    return encodeEvent(violationKey(violation), attributes, violation);
  });
}
