import { randomUUID } from 'node:crypto';
import { oncePerRun } from '../once-per-run.js';
import { startKafka } from './broker.js';
import { brokerAnswers } from './ready.js';

/**
 * The broker of this test run. Tests MUST NOT stop it; those that want to, start their own.
 *
 * KAFKA_BROKERS names a broker that runs already; then nothing is started. (A Docker engine is not looked for yet.)
 */
export async function sharedKafka(): Promise<{ brokers: string }> {
  const given = process.env['KAFKA_BROKERS'];
  if (given) return { brokers: given };
  const brokers = await oncePerRun({
    name: 'kafka',
    answers: async (address) => {
      const [host, port] = address.split(':');
      return host !== undefined && port !== undefined && brokerAnswers(host, Number(port));
    },
    start: async (directory) => (await startKafka({ removeWithBroker: directory })).brokers,
  });
  return { brokers };
}

/** A broker for one test file that also wants to restart it, where that is possible: the one in KAFKA_BROKERS is only used. */
export async function ownKafka(): Promise<{ brokers: string; restart?(): Promise<void>; close(): Promise<void> }> {
  const given = process.env['KAFKA_BROKERS'];
  if (given) return { brokers: given, close: async () => undefined };
  const kafka = await startKafka();
  return {
    brokers: kafka.brokers,
    async restart() {
      await kafka.kill();
      await kafka.start();
    },
    close: () => kafka.close(),
  };
}

/** A topic or group name that no other test uses, also on a broker that outlives the run. */
export function topicName(prefix: string): string {
  return `${prefix}.${randomUUID().slice(0, 13)}`;
}
