import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { openKafkaLog } from '../kafka/driver.js';
import type { EventLog } from '../port.js';
import type { ConformanceHarness } from './harness.js';

/** What the suite needs of a broker for tests; `restart` is absent when the broker is not ours. */
export interface ConformanceBroker {
  brokers: string;
  restart?(): Promise<void>;
  close(): Promise<void>;
}

export interface ConformanceSettings {
  brokers: string;
  client: 'kafkajs' | 'platformatic';
}

const MAX_RECORD_BYTES = 1024 * 1024 - 1024;
/** So short that a killed member is noticed within seconds. */
const SESSION_TIMEOUT_MS = 3_000;

export function openConformanceLog({ brokers, client }: ConformanceSettings): Promise<EventLog> {
  return openKafkaLog({
    brokers: [brokers],
    clientId: 'tocsin-conformance',
    client,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    maxRecordBytes: MAX_RECORD_BYTES,
  });
}

export function kafkaHarness(
  client: ConformanceSettings['client'],
  start: () => Promise<ConformanceBroker>,
  restartable: boolean,
): ConformanceHarness {
  let broker: ConformanceBroker | undefined;
  const settings = (): ConformanceSettings => ({ brokers: broker?.brokers ?? '', client });
  const open = (): Promise<EventLog> => openConformanceLog(settings());
  const uniqueName = (prefix: string): string => `${prefix}.${randomUUID().slice(0, 13)}`;
  return {
    maxRecordBytes: MAX_RECORD_BYTES,
    ...(restartable ? {} : { skip: { 'broker-restart': 'the broker is not ours to stop (KAFKA_BROKERS)' } }),
    async setup() {
      broker = await start();
    },
    async teardown() {
      await broker?.close();
    },
    open,
    uniqueName,
    async topic(partitions, options) {
      const name = uniqueName('topic');
      const log = await open();
      await log.ensureTopics([{ name, partitions, retentionMs: options?.retentionMs ?? 3_600_000 }]);
      await log.close();
      return name;
    },
    child: () => ({ module: fileURLToPath(new URL('./kafka-client.ts', import.meta.url)), settings: JSON.stringify(settings()) }),
    restartBroker: async () => await broker?.restart?.(),
  };
}
