import { createHash } from 'node:crypto';

/**
 * Time is cut into periods (`reopenWithin`, a day by default); a rule has at most one incident per group and period.
 * Each group's periods begin at a time of its own (a hash of the group), so that not all incidents of the world turn
 * over at midnight.
 *
 * The period is the incident's identity because it needs nothing but the violation's own time: whichever violation
 * arrives first, on whichever replica, they all name the same incident.
 */
export function periodStart(timeMs: number, rule: string, groupKey: string, lengthMs: number): number {
  const shift =
    createHash('sha256')
      .update(JSON.stringify([rule, groupKey]))
      .digest()
      .readUInt32BE(0) % lengthMs;
  return Math.floor((timeMs - shift) / lengthMs) * lengthMs + shift;
}
