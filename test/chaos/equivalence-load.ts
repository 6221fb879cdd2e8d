import type { SeverityId, Violation } from '@tocsin/domain';
import { buildViolation } from '@tocsin/testing';
import { seeded } from './random.js';

/** The correlators' `grace`. It must hold a round, the longest delay, and the quiet of a partition: so far may two partitions be apart. */
export const GRACE_MS = 120_000;
const ROUND_MS = 45_000;
const DELAY_MS = 30_000;
const ROUND_VIOLATIONS = 190;
const WORKLOADS = 24;
/** More than one per partition, in all likelihood; the test sees whether time has reached all of them. */
const TIDES = 120;
/** Later than any test runs. */
const FUTURE_MS = 3_600_000;

const NAMES = ['shell', 'shell', 'write', 'write', 'egress', 'egress', 'exec', 'probe'] as const;

export interface Story {
  /** What arrives within three quarters of a minute each; the next round begins when the last one has been correlated. */
  rounds: Violation[][];
  /** One of each workload that `guard` may mute, for when everyone knows of the guard. */
  probes: Violation[];
  /** Event time goes on, so that what did not happen is known not to have; and what was resolved comes back. */
  tide: Violation[];
}

/** `startMs` and `now` are milliseconds since 1970; the whole story but its end lies between them. */
export function story(seed: number, violations: number, startMs: number, now: number): Story {
  const random = seeded(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const count = Math.max(4, Math.round(violations / ROUND_VIOLATIONS));
  const arrivals: { arrives: number; violation: Violation }[] = [];
  const add = (offset: number, delay: number, parts: Partial<Violation>): void => {
    const arrives = startMs + offset + delay;
    const violation = build(startMs + offset, arrives, { message: `event ${arrivals.length}`, ...parts });
    arrivals.push({ arrives, violation });
    // A sender that got no answer sends again.
    if (random() < 0.03) arrivals.push({ arrives: arrives + 500, violation });
  };
  for (let index = 0; index < violations; index++) {
    const host = random() < 0.08;
    const node = { name: `worker-${below(4)}` };
    add(below(count * ROUND_MS), random() < 0.5 ? 0 : below(DELAY_MS), {
      name: NAMES[below(NAMES.length)] as string,
      severity_id: (1 + below(5)) as SeverityId,
      user: { name: `user-${below(5)}` },
      node,
      workload: host ? {} : workload(below(WORKLOADS)),
      attacks: random() < 0.3 ? [{ tactic: 'execution', technique: `T10${50 + below(9)}` }] : [],
    });
  }
  for (let index = 0; index < WORKLOADS; index++) {
    const where = { workload: workload(index) };
    add(below(ROUND_MS), GRACE_MS + ROUND_MS + below(ROUND_MS), { name: 'late', ...where });
    add(below(count * ROUND_MS), 0, { name: 'again', ...where });
    if (index % 4 === 0) add(ROUND_MS + below(ROUND_MS), 0, { name: 'guard', ...where });
    if (index % 4 === 2) add(ROUND_MS + below(ROUND_MS), 0, { name: 'gone', ...where });
  }
  const rounds: Violation[][] = Array.from({ length: count + 4 }, () => []);
  for (const { arrives, violation } of arrivals.toSorted((a, b) => a.arrives - b.arrives)) {
    rounds[Math.floor((arrives - startMs) / ROUND_MS)]?.push(violation);
  }
  const end = startMs + count * ROUND_MS;
  const each = (length: number, time: number, parts: (index: number) => Partial<Violation>): Violation[] =>
    Array.from({ length }, (_, index) => build(time, time, parts(index)));
  return {
    rounds: rounds.filter((round) => round.length > 0),
    probes: each(WORKLOADS, end, (index) => ({ name: 'probe', workload: workload(index), user: { name: `probe-${index}` } })),
    tide: [
      ...each(TIDES, now + FUTURE_MS, (index) => ({
        name: 'tide',
        workload: { namespace: 'tide', name: `tide-${index}` },
        node: { name: `tide-${index}` },
      })),
      ...each(WORKLOADS / 2, now + FUTURE_MS, (index) => ({ name: 'again', workload: workload(index * 2) })),
    ],
  };
}

function workload(index: number): { namespace: string; name: string } {
  return { namespace: `team-${index % 4}`, name: `app-${index}` };
}

function build(time: number, received: number, parts: Partial<Violation>): Violation {
  return buildViolation({ time: new Date(time).toISOString(), received_time: new Date(received).toISOString(), severity_id: 1, ...parts });
}
