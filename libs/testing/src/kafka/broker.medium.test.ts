import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal } from '../real.js';
import { type KafkaBroker, startKafka } from './broker.js';
import { brokerAnswers } from './ready.js';
import { sharedKafka } from './shared.js';

const START_MS = 120_000;

describeReal('kafka-process', 'a Kafka broker for tests', () => {
  let kafka: KafkaBroker;
  beforeAll(async () => {
    kafka = await startKafka();
  }, START_MS);
  afterAll(() => kafka.close());

  const answers = (): Promise<boolean> => {
    const [host, port] = kafka.brokers.split(':');
    return brokerAnswers(host!, Number(port));
  };

  it('answers when start has resolved', async () => {
    expect(await answers()).toBe(true);
    expect(kafka.pid).toBeGreaterThan(0);
  });

  it(
    'keeps its address through a restart',
    async () => {
      const before = { brokers: kafka.brokers, pid: kafka.pid };
      await kafka.restart();
      expect(kafka.brokers).toBe(before.brokers);
      expect(kafka.pid).not.toBe(before.pid);
      expect(await answers()).toBe(true);
    },
    START_MS,
  );

  it(
    'is down after a kill and comes back by start',
    async () => {
      await kafka.kill();
      expect(kafka.pid).toBeUndefined();
      expect(await answers()).toBe(false);
      await kafka.start();
      expect(await answers()).toBe(true);
    },
    START_MS,
  );
});

describeReal('kafka', 'the broker that test files share', () => {
  it(
    'is one, also for those who ask at the same time',
    async () => {
      const [one, two] = await Promise.all([sharedKafka(), sharedKafka()]);
      expect(two.brokers).toBe(one.brokers);
      expect((await sharedKafka()).brokers).toBe(one.brokers);
    },
    START_MS,
  );
});
