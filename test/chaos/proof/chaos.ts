import { setTimeout as delay } from 'node:timers/promises';
import { readIncidents, type ComparableIncident } from '../incidents.ts';
import { sendLoad, type Obligation } from '../load.ts';
import { judge, seenBy } from '../oracle.ts';
import { findings } from './findings.ts';
import { inject } from './inject.ts';
import { scheduleOf, type Fault, type Mode } from './schedule.ts';
import { openWorld, type World } from './world.ts';

const POLL_MS = 250;
/** How often the same must be read for it to be final. */
const SAME = 8;

export interface ChaosOptions {
  mode: Mode;
  seed: number;
  /** How long there is load and faults happen. */
  seconds: number;
  /** Violations a second. */
  rate: number;
  /** How long everything may take to arrive once nothing is broken any more. */
  quietSeconds: number;
}

export interface ChaosReport extends ChaosOptions {
  obligations: number;
  incidents: number;
  tickets: number;
  faults: Readonly<Record<string, number>>;
  /** Arrivals of what had arrived before, with the same id and bytes. */
  duplicates: Readonly<Record<string, number>>;
  /** From the end of the faults until everything was as it must be, or time was up. */
  settledMs: number;
  /** What must not be; none when all is well. */
  found: readonly string[];
  schedule: readonly Fault[];
  /** Last lines of each service; only when something was found. */
  outputs?: readonly string[];
}

/** One run: an undisturbed one for comparison, then the same load under faults, then quiet, then the oracle. */
export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const expected = await undisturbed(options);
  const world = await openWorld(options.mode, true);
  try {
    const schedule = scheduleOf({ mode: options.mode, seed: options.seed, ms: options.seconds * 1_000, canFillDisk: world.disk !== undefined });
    const stop = new AbortController();
    const timer = setTimeout(
      () => stop.abort(new Error('The load was not acknowledged in time.')),
      (2 * options.seconds + options.quietSeconds) * 1_000,
    );
    const [obligations] = await Promise.all([load(world, options, stop.signal, options.rate), inject(world, schedule, stop.signal)]).finally(() =>
      clearTimeout(timer),
    );
    const began = performance.now();
    const found = await quiet(world, obligations, expected, options.quietSeconds * 1_000);
    const counts: Record<string, number> = {};
    for (const fault of schedule) counts[nameOf(fault)] = (counts[nameOf(fault)] ?? 0) + 1;
    return {
      ...options,
      obligations: obligations.size,
      incidents: expected.length,
      tickets: world.tickets.issues.length,
      faults: counts,
      duplicates: Object.fromEntries(judge(world.receivers, obligations).map(({ receiver, duplicates }) => [receiver, duplicates])),
      settledMs: Math.round(performance.now() - began),
      found,
      schedule,
      ...(found.length > 0 && { outputs: world.services.map(({ app, output }) => `${app}: ${output}`) }),
    };
  } finally {
    await world.close();
  }
}

/** What the incidents of this load are when nothing goes wrong. */
async function undisturbed(options: ChaosOptions): Promise<ComparableIncident[]> {
  const world = await openWorld('standalone', false);
  try {
    const obligations = await load(world, options, AbortSignal.timeout(options.seconds * 1_000 + options.quietSeconds * 1_000));
    while (seenBy(world.receivers).webhook < obligations.size) await delay(POLL_MS);
    for (let last = '', same = 0; ; await delay(POLL_MS)) {
      const now = await readIncidents(world.api.url);
      const text = JSON.stringify(now);
      same = text === last ? same + 1 : 0;
      if (same >= SAME) return now;
      last = text;
    }
  } finally {
    await world.close();
  }
}

function load(world: World, { seed, seconds, rate }: ChaosOptions, signal: AbortSignal, pace?: number): Promise<Map<string, Obligation>> {
  return sendLoad({ url: world.ingest.url, seed, violations: seconds * rate, signal, ...(pace !== undefined && { rate: pace }) });
}

/** Waits until nothing is found any more; what is found when time is up is what the run found. */
async function quiet(
  world: World,
  obligations: ReadonlyMap<string, Obligation>,
  expected: readonly ComparableIncident[],
  withinMs: number,
): Promise<string[]> {
  const end = performance.now() + withinMs;
  for (;;) {
    const seen = seenBy(world.receivers);
    const arrived = Math.min(seen.webhook, seen.syslog) >= obligations.size;
    const late = performance.now() > end;
    if (arrived || late) {
      const found = await findings(world, obligations, expected).catch((error: unknown) => [`the oracle got no answer: ${String(error)}`]);
      if (found.length === 0 || late) return found;
    }
    await delay(POLL_MS);
  }
}

function nameOf(fault: Fault): string {
  return 'way' in fault ? `${fault.kind} ${fault.way}` : fault.kind;
}
