import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEmbeddedLog } from '../embedded/embedded.js';
import type { Consumer, EventLog } from '../port.js';
import type { ConformanceHarness } from './harness.js';

const MAX_RECORD_BYTES = 256 * 1024;

/** The embedded log belongs to one process, which opens it once: the harness's clients share that one. */
export function embeddedHarness(): ConformanceHarness {
  let directory = '';
  let opened: Promise<EventLog> | undefined;
  let clients = 0;
  const file = (): string => join(directory, 'log.db');
  const uniqueName = (prefix: string): string => `${prefix}.${randomUUID().slice(0, 8)}`;

  const open = async (): Promise<EventLog> => {
    clients++;
    opened ??= openEmbeddedLog({ file: file(), maxRecordBytes: MAX_RECORD_BYTES });
    return clientOf(await opened, async (log) => {
      clients--;
      if (clients > 0) return;
      opened = undefined;
      await log.close();
    });
  };

  return {
    maxRecordBytes: MAX_RECORD_BYTES,
    maxPrefetchBytes: 256 * 1024,
    timeoutMs: 20_000,
    skip: { 'broker-restart': 'there is no broker' },
    async setup() {
      directory = await mkdtemp(join(tmpdir(), 'tocsin-log-'));
    },
    async teardown() {
      await rm(directory, { recursive: true, force: true });
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
    child: () => embeddedClient(file()),
  };
}

/** For `LogProcess`: how a child process opens the file. */
export function embeddedClient(file: string): { module: string; settings: string } {
  return { module: fileURLToPath(new URL('./embedded-client.ts', import.meta.url)), settings: file };
}

/** The log with a `close` that ends only what this client began. */
function clientOf(log: EventLog, release: (log: EventLog) => Promise<void>): EventLog {
  const consumers: Consumer[] = [];
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    await release(log);
  };
  return {
    append: (topic, records) => log.append(topic, records),
    async consume(options) {
      const consumer = await log.consume(options);
      consumers.push(consumer);
      return consumer;
    },
    ensureTopics: (topics) => log.ensureTopics(topics),
    offsets: (topic) => log.offsets(topic),
    committed: (group, topic) => log.committed(group, topic),
    ping: (signal) => log.ping(signal),
    close: () => (closing ??= close()),
  };
}
