import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openEmbeddedLog, openKafkaLog, topicSpecs, type EventLog } from '@tocsin/event-log';
import { resolveSecret } from '@tocsin/extension';
import { migrate, openStore, type Store } from '@tocsin/store';
import { logDriver, type CommonConfig } from './config.js';
import type { Logger } from './logger.js';

/** Opens the log that the configuration names and creates the topics that are missing. */
export async function openLog(config: CommonConfig, clientId: string, logger: Logger): Promise<EventLog> {
  const log = logDriver(config) === 'kafka' ? await openKafka(config, clientId, logger) : await openEmbedded(config, logger);
  await log.ensureTopics(topicSpecs(config.log.partitions));
  return log;
}

async function openEmbedded(config: CommonConfig, logger: Logger): Promise<EventLog> {
  await mkdir(config.dataDir, { recursive: true });
  return openEmbeddedLog({ file: join(config.dataDir, 'log.db'), logger });
}

async function openKafka(config: CommonConfig, clientId: string, logger: Logger): Promise<EventLog> {
  const { brokers, client, replicationFactor, ssl, sasl } = config.log;
  return openKafkaLog({
    brokers,
    client,
    clientId,
    replicationFactor,
    logger,
    ...(ssl ? { ssl: true } : {}),
    ...(sasl ? { sasl: { ...sasl, password: await resolveSecret(sasl.password) } } : {}),
  });
}

/** Opens the store and brings its schema up to date; `applied` are the migrations that this took. */
export async function openConfiguredStore(config: CommonConfig): Promise<{ store: Store; applied: string[] }> {
  if (config.store.url === undefined) await mkdir(config.dataDir, { recursive: true });
  const store = await openStore(config.store.url === undefined ? { file: join(config.dataDir, 'state.db') } : { url: config.store.url });
  return { store, applied: await migrate(store) };
}
