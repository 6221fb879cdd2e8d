import { createHash } from 'node:crypto';

const PERIOD_MS = 24 * 60 * 60 * 1000;

/**
 * Time is cut into periods of a day; a rule has at most one incident per group and period. Each group's periods begin
 * at an hour of its own (a hash of the group), so that not all incidents of the world turn over at midnight.
 *
 * The period is the incident's identity because it needs nothing but the violation's own time: whichever violation
 * arrives first, on whichever replica, they all name the same incident.
 */
export function periodStart(timeMs: number, rule: string, groupKey: string): number {
  const shift =
    createHash('sha256')
      .update(JSON.stringify([rule, groupKey]))
      .digest()
      .readUInt32BE(0) % PERIOD_MS;
  return Math.floor((timeMs - shift) / PERIOD_MS) * PERIOD_MS + shift;
}
