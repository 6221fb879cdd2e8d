import 'reflect-metadata';
import { once } from 'node:events';
import { Controller, Inject, Module, Scope, type DynamicModule, type INestMicroservice, type LoggerService, type Type } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openEmbeddedLog } from '../embedded/embedded.js';
import { RetryLater, UnknownTopic } from '../errors.js';
import type { Batch, EventLog } from '../port.js';
import { EventLogServer, type EventLogServerOptions } from './event-log-server.js';
import { OnBatch } from './on-batch.js';

const TOPIC = 'test.events';
const OTHER = 'test.others';

/** What the controllers of a test do, and what they saw. */
class Probe {
  readonly seen: string[] = [];
  readonly attempts: number[] = [];
  onBatch: (batch: Batch) => Promise<void> = async () => {};
  #changed = Promise.withResolvers<void>();

  async take(name: string, batch: Batch): Promise<void> {
    this.attempts.push(performance.now());
    await this.onBatch(batch);
    for (const record of batch.records) this.seen.push(`${name}:${record.value.toString()}`);
    this.#changed.resolve();
  }

  async untilSeen(count: number): Promise<void> {
    while (this.seen.length < count) {
      await this.#changed.promise;
      this.#changed = Promise.withResolvers();
    }
  }
}

@Controller()
class TwoGroups {
  readonly #probe: Probe;
  constructor(@Inject(Probe) probe: Probe) {
    this.#probe = probe;
  }
  @OnBatch(TOPIC, { group: 'first', maxBatchRecords: 2 })
  async first(batch: Batch): Promise<void> {
    expect(batch.records.length).toBeLessThanOrEqual(2);
    await this.#probe.take('first', batch);
  }
  @OnBatch(TOPIC, { group: 'second' })
  async second(batch: Batch): Promise<void> {
    await this.#probe.take('second', batch);
  }
  @OnBatch(OTHER, { group: 'second' })
  async other(batch: Batch): Promise<void> {
    await this.#probe.take('other', batch);
  }
}

@Controller()
class OneGroup {
  readonly #probe: Probe;
  constructor(@Inject(Probe) probe: Probe) {
    this.#probe = probe;
  }
  @OnBatch(TOPIC, { group: 'only' })
  async events(batch: Batch): Promise<void> {
    await this.#probe.take('only', batch);
  }
}

@Controller()
class FromLatest {
  readonly #probe: Probe;
  constructor(@Inject(Probe) probe: Probe) {
    this.#probe = probe;
  }
  @OnBatch(TOPIC, { group: 'late', from: 'latest' })
  async events(batch: Batch): Promise<void> {
    await this.#probe.take('late', batch);
  }
}

@Controller({ scope: Scope.REQUEST })
class PerRequest {
  readonly #probe: Probe;
  constructor(@Inject(Probe) probe: Probe) {
    this.#probe = probe;
  }
  @OnBatch(TOPIC, { group: 'scoped' })
  async events(batch: Batch): Promise<void> {
    await this.#probe.take('scoped', batch);
  }
}

@Controller()
class PlainNest {
  readonly #probe: Probe;
  constructor(@Inject(Probe) probe: Probe) {
    this.#probe = probe;
  }
  @EventPattern<string>(TOPIC, { group: 'plain' })
  async events(batch: Batch): Promise<void> {
    await this.#probe.take('plain', batch);
  }
}

@Controller()
class WithoutGroup {
  @EventPattern<string>(TOPIC)
  async events(): Promise<void> {}
  @EventPattern<string>(OTHER, { group: '' })
  async others(): Promise<void> {}
}

@Controller()
class SameGroupTwice {
  @OnBatch(TOPIC, { group: 'same' })
  async one(): Promise<void> {}
  @OnBatch(TOPIC, { group: 'same' })
  async two(): Promise<void> {}
}

@Controller()
class Missing {
  @OnBatch(TOPIC, { group: 'there' })
  async there(): Promise<void> {}
  @OnBatch('test.missing', { group: 'missing' })
  async missing(): Promise<void> {}
}

@Controller()
class WithReply {
  @MessagePattern(TOPIC)
  async reply(): Promise<void> {}
}

@Module({})
class TestModule {
  static of(probe: Probe, controllers: Type[]): DynamicModule {
    return { module: TestModule, controllers, providers: [{ provide: Probe, useValue: probe }] };
  }
}

const ignore = (): void => {};
const silent: LoggerService = { log: ignore, error: ignore, warn: ignore };

describe('EventLogServer', () => {
  let log: EventLog;
  let app: INestMicroservice | undefined;
  let probe: Probe;

  beforeEach(async () => {
    log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics([TOPIC, OTHER].map((name) => ({ name, partitions: 2, retentionMs: 60_000 })));
    probe = new Probe();
  });

  afterEach(async () => {
    await app?.close();
    app = undefined;
    await log.close();
  });

  async function start(controllers: Type[], options: EventLogServerOptions = {}): Promise<void> {
    const module = await Test.createTestingModule({ imports: [TestModule.of(probe, controllers)] }).compile();
    app = module.createNestMicroservice({ strategy: new EventLogServer(log, options), logger: silent });
    await app.listen();
  }

  async function append(topic: string, ...values: string[]): Promise<void> {
    await log.append(
      topic,
      values.map((value) => ({ key: 'key', value: Buffer.from(value), headers: {} })),
    );
  }

  it('gives every batch of a topic to each group that handles it', async () => {
    await append(TOPIC, 'a', 'b', 'c');
    await append(OTHER, 'x');
    await start([TwoGroups]);
    await probe.untilSeen(7);
    const of = (name: string): string[] => probe.seen.filter((seen) => seen.startsWith(name));
    expect(of('first')).toEqual(['first:a', 'first:b', 'first:c']);
    expect(of('second')).toEqual(['second:a', 'second:b', 'second:c']);
    expect(of('other')).toEqual(['other:x']);
  });

  it('keeps groups of several controllers apart', async () => {
    await append(TOPIC, 'a');
    await start([TwoGroups, OneGroup]);
    await probe.untilSeen(3);
    expect(probe.seen.toSorted()).toEqual(['first:a', 'only:a', 'second:a']);
  });

  it('begins a new group with what comes next, when asked to', async () => {
    await append(TOPIC, 'old');
    const assigned = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await start([FromLatest], { lifecycle: { late: { onAssigned: async (partition) => assigned[partition]?.resolve() } } });
    await Promise.all(assigned.map(({ promise }) => promise));
    await append(TOPIC, 'new');
    await probe.untilSeen(1);
    expect(probe.seen).toEqual(['late:new']);
  });

  it('waits as long as the RetryLater that a handler throws says, and gives the batch again', async () => {
    await append(TOPIC, 'a');
    probe.onBatch = async () => {
      if (probe.attempts.length === 1) throw new RetryLater(300, 'come back');
    };
    await start([OneGroup]);
    await probe.untilSeen(1);
    expect(probe.seen).toEqual(['only:a']);
    expect((probe.attempts[1] ?? 0) - (probe.attempts[0] ?? 0)).toBeGreaterThanOrEqual(295);
  });

  it('hands batches and errors to request-scoped controllers too', async () => {
    await append(TOPIC, 'a');
    probe.onBatch = async () => {
      if (probe.attempts.length === 1) throw new RetryLater(1, 'come back');
    };
    await start([PerRequest]);
    await probe.untilSeen(1);
    expect(probe.attempts).toHaveLength(2);
    expect(probe.seen).toEqual(['scoped:a']);
  });

  it('gives the batch again when a handler with plain @EventPattern throws', async () => {
    await append(TOPIC, 'a');
    probe.onBatch = async () => {
      if (probe.attempts.length === 1) throw new Error('The receiver is down.');
    };
    await start([PlainNest]);
    await probe.untilSeen(1);
    expect(probe.seen).toEqual(['plain:a']);
  });

  it('commits when the handler has resolved, and lets the batch in flight end when it closes', async () => {
    await append(TOPIC, 'a');
    const inFlight = Promise.withResolvers<void>();
    probe.onBatch = async ({ signal }) => {
      inFlight.resolve();
      if (!signal.aborted) await once(signal, 'abort');
    };
    await start([OneGroup]);
    await inFlight.promise;
    expect(await log.committed('only', TOPIC)).toEqual(new Map());
    await app?.close();
    expect(probe.seen).toEqual(['only:a']);
    expect([...(await log.committed('only', TOPIC)).values()]).toEqual([1]);
  });

  it('asks the lifecycle of the group where to begin, and tells it when partitions go', async () => {
    await append(TOPIC, 'a', 'b', 'c');
    const revoked: number[] = [];
    await start([OneGroup], {
      lifecycle: { only: { onAssigned: async () => ({ resumeAt: 2 }), onRevoked: async (partition) => void revoked.push(partition) } },
    });
    await probe.untilSeen(1);
    await app?.close();
    expect(probe.seen).toEqual(['only:c']);
    expect(revoked.toSorted((a, b) => a - b)).toEqual([0, 1]);
  });

  it('does not start without consumer groups, and names the lines to write', async () => {
    await expect(start([WithoutGroup])).rejects.toThrow(
      `The handler of "${TOPIC}" has no consumer group; write @OnBatch('${TOPIC}', { group: '…' }).\n` +
        `The handler of "${OTHER}" has no consumer group; write @OnBatch('${OTHER}', { group: '…' }).`,
    );
  });

  it('does not start when two handlers share topic and group', async () => {
    await expect(start([SameGroupTwice])).rejects.toThrow(`Two handlers of "${TOPIC}" have the group "same"`);
  });

  it('does not start with a lifecycle that no handler belongs to', async () => {
    await expect(start([OneGroup], { lifecycle: { onyl: {} } })).rejects.toThrow('There is a lifecycle for the group "onyl", but no handler');
  });

  it('does not start with a handler that replies', async () => {
    await expect(start([WithReply])).rejects.toThrow('the event log has no replies: use @OnBatch');
  });

  it('leaves no consumer running when one of them cannot start', async () => {
    await expect(start([Missing])).rejects.toThrow(UnknownTopic);
    await append(TOPIC, 'a');
    // The group is free: a consumer that still ran would hold its share of the partitions.
    const seen = Promise.withResolvers<Batch>();
    const consumer = await log.consume({ topic: TOPIC, group: 'there', onBatch: async (batch) => seen.resolve(batch) });
    expect((await seen.promise).records[0]?.value.toString()).toBe('a');
    await consumer.stop();
  });
});
