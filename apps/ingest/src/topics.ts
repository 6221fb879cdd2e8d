import { LogUnavailable, RetryLater, type Batch, type Consumer, type StoredRecord } from '@tocsin/event-log';
import type { Logger } from '@tocsin/runtime';
import type { TopicConfig } from './config.js';
import { decodeBody } from './pipeline/decode.js';
import { keep, type Item, type KeepDeps } from './pipeline/keep.js';
import type { Decoder, Received } from './sources/source.js';

export interface TopicDeps extends KeepDeps {
  config: TopicConfig;
  decoder: Decoder;
  received: Pick<Received, 'cluster' | 'limits'>;
  logger: Logger;
}

const RETRY_MS = 1_000;

/** Takes in records that sensors or shippers wrote to a topic; offsets are committed after the append. */
export function consumeTopic(deps: TopicDeps): Promise<Consumer> {
  const { topic, group } = deps.config;
  return deps.log.consume({ topic, group: group ?? `tocsin-ingest-${topic}`, onBatch: (batch) => takeBatch(deps, batch) });
}

async function takeBatch(deps: TopicDeps, batch: Batch): Promise<void> {
  const items = batch.records.flatMap((record) => itemsOf(deps, batch, record));
  try {
    await keep(deps, deps.config.source, items);
  } catch (error) {
    if (error instanceof LogUnavailable) throw new RetryLater(RETRY_MS, 'The log does not take what came from a topic.', { cause: error });
    throw error;
  }
}

function itemsOf({ config, decoder, received, logger }: TopicDeps, { topic, partition }: Batch, record: StoredRecord): Item[] {
  const sent: Received = {
    ...received,
    // The log's own time, so that reading it again after a crash gives the same.
    timeMs: record.timestamp,
    contentType: (record.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '',
    headers: cloudEventHeaders(record),
    ...(config.mapping === undefined ? {} : { mapping: config.mapping }),
  };
  const entries = decodeBody(decoder, record.value, sent, (error) =>
    logger.error({ err: error, source: config.source, topic }, 'A source adapter failed on its input.'),
  );
  return entries.map((entry) => ({ entry, sent, origin: { topic, partition, offset: record.offset } }));
}

/** The Kafka binding of CloudEvents writes `ce_id` where HTTP writes `ce-id`. */
function cloudEventHeaders(record: StoredRecord): Record<string, string> {
  const found = Object.entries(record.headers).filter(([name]) => name.startsWith('ce_'));
  return Object.fromEntries(found.map(([name, value]) => [`ce-${name.slice('ce_'.length)}`, value]));
}
