import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { violationId, violationKey, type Digest } from '@tocsin/domain';
import { EventType, Topic, encodeEvent, type LogRecord } from '@tocsin/event-log';
import { notifierPart } from '@tocsin/notifier';
import { startService, type RunningService } from '@tocsin/runtime/nest';
import { buildViolation, httpReceiver, type HttpReceiver } from '@tocsin/testing';

/** At full size, as a minute of it: STORM_VIOLATIONS=50000. */
const VIOLATIONS = Number(process.env['STORM_VIOLATIONS'] ?? 8_000);
const A_MINUTE = 50_000;
const STEP_MS = 100;
const EVERY = '5s';

interface Event {
  type: string;
  data: Digest & { id: string };
}

describe('a storm', () => {
  let directory: string;
  let receiver: HttpReceiver;
  let service: RunningService;
  /** When the receiver took its last one: it takes one a second, and says so. */
  let tookAt = -Infinity;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-storm-'));
    receiver = await httpReceiver();
    receiver.behave(() => {
      const now = performance.now();
      if (now - tookAt < 1_000) return { status: 429, headers: { 'retry-after': '1' } };
      tookAt = now;
      return { status: 200 };
    });
    await mkdir(join(directory, 'policies'));
    await writeFile(
      join(directory, 'policies', 'p.yaml'),
      `apiVersion: tocsin.dev/v1
kind: Subscription
metadata: { name: slow }
spec:
  events: violations
  digest: { above: 5, every: ${EVERY}, individually: fatal }
  channel: { type: webhook, url: "${receiver.url}" }
`,
    );
    const env = { PORT: '0', LOG_LEVEL: 'error', TOCSIN_DATA_DIR: join(directory, 'data'), TOCSIN_POLICY_DIR: join(directory, 'policies') };
    service = await startService({ name: 'test', version: '0', parts: [notifierPart], standalone: true, env });
  });
  afterAll(async () => {
    await service.stop();
    await receiver.close();
    await rm(directory, { recursive: true });
  });

  it(`of ${VIOLATIONS} violations is told to a slow receiver in digests that account for each`, async () => {
    const memory: number[] = [];
    const began = performance.now();
    for (let sent = 0; sent < VIOLATIONS;) {
      const due = Math.min(VIOLATIONS, Math.ceil(((performance.now() - began) / 60_000) * A_MINUTE) + 1);
      await service.runtime.log.append(
        Topic.Violations,
        Array.from({ length: due - sent }, (_, index) => recordOf(sent + index)),
      );
      sent = due;
      memory.push(process.memoryUsage().rss);
      // The pace of the storm, not a wait for something.
      await pause(STEP_MS);
    }
    const appended = (performance.now() - began) / 1_000;
    await receiver.until(() => total(eventsOf(receiver)) >= VIOLATIONS);
    const events = eventsOf(receiver);
    const digests = events.filter(({ type }) => type === EventType.Digest);
    expect(total(events)).toBe(VIOLATIONS);
    for (const { data } of digests) {
      const named = data.names.values.reduce((sum, { count }) => sum + count, data.names.others);
      expect([named, Object.values(data.severities).reduce((sum, count) => sum + count, 0)]).toEqual([data.count, data.count]);
    }
    // Far less than would come one by one, and no more than the receiver takes.
    expect(events.length).toBeLessThan(VIOLATIONS / 50);
    const half = Math.floor(memory.length / 2);
    const mib = (bytes: readonly number[]): number => Math.round(Math.max(...bytes) / 2 ** 20);
    process.stdout.write(
      `storm: ${VIOLATIONS} violations in ${appended.toFixed(0)} s, told in ${events.length} messages (${digests.length} digests), ` +
        `${((performance.now() - began) / 1_000).toFixed(0)} s in all, memory at most ${mib(memory.slice(0, half))} MiB in the first half, ${mib(memory.slice(half))} MiB in the second\n`,
    );
  }, 300_000);
});

/** Of several sensors' rules and many workloads, as one attack on many pods gives them. */
function recordOf(number: number): LogRecord {
  const id = violationId('falco', 'test', `storm-${number}`, '2026-09-14T14:00:00.000Z');
  const violation = buildViolation({
    id,
    name: `rule ${number % 40}`,
    workload: { namespace: `ns-${number % 7}`, name: `web-${number % 500}` },
    severity_id: 4,
  });
  return encodeEvent(violationKey(violation), { id, type: EventType.Violation, source: '/test', time: violation.time }, violation);
}

/** What the receiver took, each once: a lost answer brings a message twice, with the same id. */
function eventsOf(receiver: HttpReceiver): Event[] {
  const byId = new Map(receiver.accepted.map(({ headers, body }) => [String(headers['webhook-id']), body]));
  return [...byId.values()].map((body) => JSON.parse(body.toString()) as Event);
}

function total(events: readonly Event[]): number {
  return events.reduce((sum, { type, data }) => sum + (type === EventType.Digest ? data.count : 1), 0);
}
