import { setTimeout as delay } from 'node:timers/promises';
import { seeded } from './random.ts';

/** What ingest acknowledged: it must arrive everywhere. */
export interface Obligation {
  workload: number;
  /** Position in its workload's story; the order that receivers must see. */
  index: number;
}

interface Event {
  source: 'falco' | 'neuvector';
  body: Record<string, unknown>;
}

const WORKLOADS = 24;
const STORY_START = Date.UTC(2026, 8, 14, 9, 0, 0);
const RULES = [
  ['Terminal shell in container', 'Notice'],
  ['Write below etc', 'Error'],
  ['Read sensitive file untrusted', 'Warning'],
  ['Launch Package Management Process in Container', 'Error'],
  ['Detect crypto miners using the Stratum protocol', 'Critical'],
] as const;

/** The story of one workload: mixed violations of Falco and NeuVector, a second or so apart. */
function story(seed: number, workload: number, length: number): Event[] {
  const random = seeded(seed * 1_000 + workload);
  let time = STORY_START + Math.floor(random() * 60_000);
  const pod = `app${workload}-6d5f7c9b8d-x2lqp`;
  return Array.from({ length }, (_, index) => {
    time += Math.floor(random() * 3_000);
    if (random() < 0.3) return networkViolation(workload, index, pod, time);
    const [rule, priority] = RULES[Math.floor(random() * RULES.length)] as (typeof RULES)[number];
    return falcoAlert(workload, index, pod, time, rule, priority);
  });
}

function falcoAlert(workload: number, index: number, pod: string, time: number, rule: string, priority: string): Event {
  return {
    source: 'falco',
    body: {
      rule,
      priority,
      output: `event ${index} of ${pod}`,
      time: new Date(time).toISOString(),
      hostname: `worker-${workload % 3}`,
      tags: ['mitre_execution', 'T1059'],
      output_fields: {
        'k8s.ns.name': `team-${workload % 4}`,
        'k8s.pod.name': pod,
        'user.name': `user-${workload % 2}`,
        'evt.time': `${time}${index}`,
      },
    },
  };
}

function networkViolation(workload: number, index: number, pod: string, time: number): Event {
  return {
    source: 'neuvector',
    body: {
      cluster_name: 'default',
      level: 'Warning',
      reported_timestamp: Math.floor(time / 1000),
      reported_at: new Date(time).toISOString(),
      host_name: `worker-${workload % 3}`,
      id: `00000000-0000-4000-8${String(workload).padStart(3, '0')}-${String(index).padStart(12, '0')}`,
      client_id: `workload-${workload}`,
      client_name: pod,
      client_domain: `team-${workload % 4}`,
      client_service: `app${workload}.team-${workload % 4}`,
      server_id: 'external',
      server_name: 'external',
      server_port: 443,
      ip_proto: 6,
      applications: ['SSL'],
      sessions: 1,
      policy_action: 'violate',
      policy_id: 0,
      client_ip: '10.42.1.37',
      server_ip: '203.0.113.54',
    },
  };
}

const SEND_AGAIN_MS = 100;
/** Later than any rule and any grace waits. */
const CLOSING_MS = 3_600_000;

export interface LoadOptions {
  url: string;
  seed: number;
  violations: number;
  /** At most so many violations a second; without it, as fast as they are acknowledged. */
  rate?: number;
  /** Called after each acknowledgement with the share of the load that is through, 0 to 1. */
  onProgress?(share: number): void;
  signal: AbortSignal;
}

/** Sends the load, each request until it is acknowledged, one at a time per workload. Resolves with the obligations. */
export async function sendLoad({ url, seed, violations, rate, onProgress, signal }: LoadOptions): Promise<Map<string, Obligation>> {
  const obligations = new Map<string, Obligation>();
  const perWorkload = Math.ceil(violations / WORKLOADS);
  const pauseMs = rate === undefined ? 0 : (WORKLOADS * 1_000) / rate;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: WORKLOADS }, async (_, workload) => {
      for (const [index, event] of story(seed, workload, perWorkload).entries()) {
        const early = (index + workload / WORKLOADS) * pauseMs - (performance.now() - began);
        if (early > 0) await delay(early);
        const id = await sendUntilAcknowledged(url, event, signal);
        obligations.set(id, { workload, index });
        onProgress?.(obligations.size / (perWorkload * WORKLOADS));
      }
    }),
  );
  // When all is on the log, event time goes on for every workload, so that what did not happen is known not to have happened. No rule
  // asks for these: what is re-keyed may still be on its way, and must not become late by them.
  for (let workload = 0; workload < WORKLOADS; workload += 1) {
    const pod = `app${workload}-6d5f7c9b8d-x2lqp`;
    const time = STORY_START + perWorkload * 3_000 + CLOSING_MS;
    const last = falcoAlert(workload, perWorkload, pod, time, 'Nothing that any rule asks for', 'Debug');
    obligations.set(await sendUntilAcknowledged(url, last, signal), { workload, index: perWorkload });
  }
  return obligations;
}

async function sendUntilAcknowledged(url: string, event: Event, signal: AbortSignal): Promise<string> {
  for (;;) {
    signal.throwIfAborted();
    try {
      const response = await fetch(`${url}/v1/sources/${event.source}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(event.body),
        signal: AbortSignal.any([signal, AbortSignal.timeout(15_000)]),
      });
      const answer = (await response.json()) as { ids?: string[] };
      if (response.status === 200 && answer.ids?.[0] !== undefined) return answer.ids[0];
      if (response.status < 429) throw new Refused(`Ingest refused ${JSON.stringify(event)} with ${response.status}: ${JSON.stringify(answer)}`);
    } catch (error) {
      if (error instanceof Refused) throw error;
    }
    // What a sensor does whose receiver is away.
    await delay(SEND_AGAIN_MS);
  }
}

class Refused extends Error {}
