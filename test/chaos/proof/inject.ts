import { setTimeout as delay } from 'node:timers/promises';
import { cutConnections, type Behaviour, type JiraFault, type KafkaBroker, type PostgresServer } from '@tocsin/testing';
import type { Service } from '../processes.ts';
import { targetOf, type Fault, type WebhookWay } from './schedule.ts';
import type { World } from './world.ts';

const WEBHOOK: Record<WebhookWay, () => Behaviour> = {
  '500': () => ({ status: 500 }),
  '429': () => ({ status: 429, headers: { 'retry-after': '1' } }),
  hang: () => 'hang',
  reset: () => 'reset',
  slow: () => 'drip',
};

const TICKETS: Record<string, JiraFault> = {
  'lost reply': 'lost reply',
  '503': { status: 503 },
  '429': { status: 429, headers: { 'retry-after': '1' } },
};

/** Does what a schedule says, each fault at its time. Resolves when all are over and what they broke is mended. */
export async function inject(world: World, faults: readonly Fault[], signal: AbortSignal): Promise<void> {
  const began = performance.now();
  const turns = new Map<string, Promise<void>>();
  for (const fault of faults) {
    const early = fault.at - (performance.now() - began);
    if (early > 0) await delay(early, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    const before = turns.get(targetOf(fault)) ?? Promise.resolve();
    const turn = before.then(() => apply(world, fault));
    // Its failure is told at the end; until then it is not unhandled.
    turn.catch(() => undefined);
    turns.set(targetOf(fault), turn);
  }
  await Promise.all(turns.values());
}

async function apply(world: World, fault: Fault): Promise<void> {
  const { services, receivers, tickets } = world;
  switch (fault.kind) {
    case 'kill':
      return (services[fault.service] as Service).crash();
    case 'terminate':
      return (services[fault.service] as Service).restart();
    case 'freeze': {
      const service = services[fault.service] as Service;
      service.signal('SIGSTOP');
      await delay(fault.ms);
      service.signal('SIGCONT');
      return;
    }
    case 'clock':
      await world.setClock(fault.service, fault.byMs);
      await delay(fault.ms);
      return world.setClock(fault.service, 0);
    case 'broker restart':
      return (world.kafka as KafkaBroker).restart();
    case 'broker kill':
      await (world.kafka as KafkaBroker).kill();
      return (world.kafka as KafkaBroker).start();
    case 'postgres restart':
      return (world.postgres as PostgresServer).restart();
    case 'postgres kill':
      await (world.postgres as PostgresServer).kill();
      return (world.postgres as PostgresServer).start();
    case 'postgres cut':
      return cutConnections((world.postgres as PostgresServer).url);
    case 'broker freeze':
    case 'postgres freeze': {
      const pid = (fault.kind === 'broker freeze' ? world.kafka?.pid : world.postgres?.pid) as number;
      process.kill(pid, 'SIGSTOP');
      await delay(fault.ms);
      process.kill(pid, 'SIGCONT');
      return;
    }
    case 'disk full': {
      const free = await world.disk?.fill();
      await delay(fault.ms);
      return free?.();
    }
    case 'webhook':
      receivers.webhook.behave(WEBHOOK[fault.way]);
      await delay(fault.ms);
      return receivers.webhook.behave(() => ({ status: 200 }));
    case 'tickets':
      tickets.misbehave((request) => (fault.way !== 'lost reply' || !request.startsWith('GET') ? TICKETS[fault.way] : undefined));
      await delay(fault.ms);
      return tickets.misbehave(() => undefined);
  }
}
