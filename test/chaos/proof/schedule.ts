import type { App } from '../processes.ts';
import { seeded } from '../random.ts';

export type Mode = 'kafka' | 'standalone';

/** What is done to whom. `ms` is how long it lasts. */
export type Fault = { at: number } & (
  | { kind: 'kill' | 'terminate'; service: number }
  /** SIGSTOP, then SIGCONT: as a machine that hangs. */
  | { kind: 'freeze'; service: number; ms: number }
  /** The wall clock of one process is wrong by so much for a while. */
  | { kind: 'clock'; service: number; ms: number; byMs: number }
  | { kind: 'broker restart' | 'broker kill' | 'postgres restart' | 'postgres kill' | 'postgres cut' }
  | { kind: 'broker freeze' | 'postgres freeze'; ms: number }
  | { kind: 'disk full'; ms: number }
  | { kind: 'webhook'; way: WebhookWay; ms: number }
  | { kind: 'tickets'; way: 'lost reply' | '503' | '429'; ms: number }
);

export type WebhookWay = '500' | '429' | 'hang' | 'reset' | 'slow';

/** Services of a run on Kafka, in the order in which faults name them. */
export const SERVICES: readonly App[] = ['ingest', 'correlator', 'correlator', 'responder', 'notifier', 'notifier', 'api'];

/** A broker hands the partitions of a member that says nothing for so long to others. */
const SESSION_MS = 30_000;
const HOUR_MS = 3_600_000;
const WEBHOOK_WAYS: readonly WebhookWay[] = ['500', '429', 'hang', 'reset', 'slow'];

export interface ScheduleOptions {
  mode: Mode;
  seed: number;
  /** How long faults happen. */
  ms: number;
  /** Whether the disk of the embedded log can be filled here. */
  canFillDisk: boolean;
}

/** The faults of a run, a function of its options alone, in order of their time. */
export function scheduleOf({ mode, seed, ms, canFillDisk }: ScheduleOptions): Fault[] {
  const random = seeded(seed * 7_919 + (mode === 'kafka' ? 1 : 2));
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const between = (from: number, to: number): number => Math.round(from + random() * (to - from));
  const service = (): number => (mode === 'kafka' ? between(0, SERVICES.length - 1) : 0);
  // Frozen for longer than the session where the run is long enough to get over it.
  const frozen = (): number => (ms >= 4 * SESSION_MS && random() < 0.3 ? SESSION_MS + between(2_000, 8_000) : between(500, 5_000));
  const common: ((at: number) => Fault)[] = [
    (at) => ({ at, kind: 'kill', service: service() }),
    (at) => ({ at, kind: 'kill', service: service() }),
    (at) => ({ at, kind: 'terminate', service: service() }),
    (at) => ({ at, kind: 'freeze', service: service(), ms: frozen() }),
    (at) => ({ at, kind: 'clock', service: service(), ms: between(1_000, 6_000), byMs: pick([-1, 1]) * between(60_000, HOUR_MS) }),
    (at) => ({ at, kind: 'webhook', way: pick(WEBHOOK_WAYS), ms: between(1_000, 6_000) }),
    (at) => ({ at, kind: 'tickets', way: pick(['lost reply', '503', '429'] as const), ms: between(1_000, 4_000) }),
  ];
  const onKafka: typeof common = [
    (at) => ({ at, kind: pick(['broker restart', 'broker kill', 'postgres restart', 'postgres kill', 'postgres cut'] as const) }),
    (at) => ({ at, kind: pick(['broker freeze', 'postgres freeze'] as const), ms: between(500, 5_000) }),
  ];
  const inOneProcess: typeof common = canFillDisk ? [(at) => ({ at, kind: 'disk full', ms: between(1_000, 4_000) })] : [];
  const kinds = [...common, ...(mode === 'kafka' ? onKafka : inOneProcess)];
  const faults: Fault[] = [];
  // Short runs have them closer together; long ones let what was broken get well again now and then.
  const pause = Math.min(4_000, Math.max(800, ms / 15));
  for (let at = between(200, 1_000); at < ms; at += between(pause / 4, pause * 1.75)) faults.push(pick(kinds)(at));
  return faults;
}

/** What a fault happens to: two faults of one thing happen one after the other. */
export function targetOf(fault: Fault): string {
  return 'service' in fault ? `service ${fault.service}` : (fault.kind.split(' ')[0] as string);
}
