import { Consumer, FetchIsolationLevels } from '@platformatic/kafka';
import { LogUnavailable } from '../errors.js';
import type { StoredRecord } from '../port.js';
import {
  type ClientConfig,
  FETCH_MAX_BYTES,
  FETCH_MAX_BYTES_PER_PARTITION,
  type FetchedPartition,
  type FetchPosition,
  type Member,
  type MemberOptions,
  OffsetOutOfRange,
  withinPatience,
} from './client.js';
import { closeQuietly, commonOptions, hasApiId, mapError } from './platformatic-common.js';

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;

const IS_CONTROL_BATCH = 1 << 5;
const IS_LOG_APPEND_TIME = 1 << 3;
const NETWORK_DELAY_MS = 5_000;
const STALL_WATCH_MS = 1_000;
const JOIN_RETRIES = 5;
const JOIN_RETRY_MS = 200;
const EARLIEST = -2n;
const LATEST = -1n;

/**
 * A group member on @platformatic/kafka: its membership (classic protocol: join, heartbeats in the background, rejoin)
 * and its single requests, but not its stream, which can neither pause one partition nor hold a rejoin until handlers
 * have ended. Three connections, since the broker answers each in order: a long fetch or join would hold up a commit.
 */
export function openPlatformaticMember(config: ClientConfig, options: MemberOptions): Member {
  const { topic, group, sessionTimeoutMs, rebalanceTimeoutMs, heartbeatIntervalMs } = options;
  const common = { ...commonOptions(config), groupId: group, retries: 0, autocommit: false };
  let left = false;

  const membership = new Consumer({
    ...common,
    // A join is answered when all members have joined.
    requestTimeout: rebalanceTimeoutMs + NETWORK_DELAY_MS,
    retries: JOIN_RETRIES,
    retryDelay: JOIN_RETRY_MS,
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: rebalanceTimeoutMs,
    heartbeatInterval: heartbeatIntervalMs,
    // Its watch over heartbeats can outlive close() and hold the process; it is kept short, and ours below is used.
    heartbeatStallTimeout: STALL_WATCH_MS,
    protocols: [{ name: 'roundrobin', version: 1 }],
    // Called and awaited before every JoinGroup: the one place where a rejoin can be held.
    protocolsMetadata: async () => {
      await options.beforeJoin();
      return Buffer.alloc(0);
    },
  });
  membership.topics.track(topic);
  membership.on('consumer:group:join', ({ assignments }) => {
    watch.refresh();
    if (!left) options.onAssigned((assignments ?? []).filter((entry) => entry.topic === topic).flatMap(({ partitions }) => partitions));
  });
  // A join may take the rebalance timeout; after that and a session without a sign of life this membership is dead.
  const watch = setTimeout(() => options.onLost(new LogUnavailable('Heartbeats are not answered.')), rebalanceTimeoutMs + sessionTimeoutMs);
  watch.unref();
  membership.on('consumer:heartbeat:end', () => watch.refresh());
  // Emitted when a rejoin has failed for good: nothing follows it.
  membership.on('error', (error: unknown) => options.onLost(error));

  // It speaks for the membership, but its errors must not lead to a rejoin behind the driver's back.
  const offsets = new Consumer(common);
  const reader = new Consumer(common);
  for (const client of [offsets, reader]) {
    client.topics.track(topic);
    client.on('error', (error: unknown) => config.logger.debug({ err: error }, 'A Kafka connection failed.'));
  }

  const ask = async <T>(question: Promise<T>): Promise<T> => {
    try {
      return await question;
    } catch (error) {
      throw mapError(error, topic);
    }
  };

  return {
    async join() {
      await ask(membership.joinGroup());
    },

    async leaders(refresh) {
      const metadata = await ask(reader.metadata({ topics: [topic], forceUpdate: refresh }));
      return new Map((metadata.topics.get(topic)?.partitions ?? []).map(({ leader }, partition) => [partition, leader]));
    },

    async fetch(node, positions, maxWaitMs) {
      const metadata = await ask(reader.metadata({ topics: [topic] }));
      const known = metadata.topics.get(topic);
      try {
        const response = await reader.fetch({
          node,
          maxWaitTime: maxWaitMs,
          minBytes: 1,
          maxBytes: FETCH_MAX_BYTES,
          isolationLevel: FetchIsolationLevels.READ_COMMITTED,
          topics: [
            {
              topicId: known?.id ?? '',
              partitions: positions.map(({ partition, offset }) => ({
                partition,
                fetchOffset: BigInt(offset),
                currentLeaderEpoch: known?.partitions[partition]?.leaderEpoch ?? -1,
                lastFetchedEpoch: -1,
                partitionMaxBytes: FETCH_MAX_BYTES_PER_PARTITION,
              })),
            },
          ],
        });
        return decode(response, positions);
      } catch (error) {
        if (hasApiId(error, 'OFFSET_OUT_OF_RANGE')) throw new OffsetOutOfRange('An offset is out of range.', { cause: error });
        throw mapError(error, topic);
      }
    },

    async committed(partitions) {
      const found = await ask(offsets.listCommittedOffsets({ topics: [{ topic, partitions: [...partitions] }] }));
      // The library's answer is an array by partition, with holes.
      return toMap((found.get(topic) ?? []).flatMap((offset, partition) => (offset >= 0n ? [[partition, offset]] : [])));
    },

    async listOffsets(partitions, at) {
      const timestamp = at === 'earliest' ? EARLIEST : LATEST;
      const found = await ask(offsets.listOffsets({ topics: [topic], partitions: { [topic]: [...partitions] }, timestamp }));
      return toMap((found.get(topic) ?? []).flatMap((offset, partition) => (partitions.includes(partition) ? [[partition, offset]] : [])));
    },

    async commit(positions) {
      offsets.memberId = membership.memberId;
      offsets.generationId = membership.generationId;
      const list = [...positions].map(([partition, offset]) => ({ topic, partition, offset: BigInt(offset), leaderEpoch: -1 }));
      if (list.length > 0) await ask(offsets.commit({ offsets: list }));
    },

    async leave() {
      left = true;
      clearTimeout(watch);
      // Closing the membership leaves the group.
      await withinPatience(Promise.all([membership.close(true).catch(() => undefined), closeQuietly(offsets), closeQuietly(reader)]));
    },
  };
}

function toMap(entries: readonly (readonly [number, bigint] | readonly (number | bigint)[])[]): Map<number, number> {
  return new Map(entries.map(([partition, offset]) => [Number(partition), Number(offset)]));
}

function decode(response: FetchResponse, positions: readonly FetchPosition[]): FetchedPartition[] {
  return response.responses.flatMap(({ partitions }) =>
    partitions.map(({ partitionIndex, highWatermark, records: batches }) => {
      const records: StoredRecord[] = [];
      let nextOffset = positions.find(({ partition }) => partition === partitionIndex)?.offset ?? 0;
      for (const batch of batches ?? []) {
        const first = Number(batch.firstOffset);
        nextOffset = Math.max(nextOffset, first + batch.lastOffsetDelta + 1);
        if (batch.attributes & IS_CONTROL_BATCH) continue;
        const base = Number(batch.attributes & IS_LOG_APPEND_TIME ? batch.maxTimestamp : batch.firstTimestamp);
        const appended = (batch.attributes & IS_LOG_APPEND_TIME) !== 0;
        for (const record of batch.records) {
          records.push({
            offset: first + record.offsetDelta,
            timestamp: appended ? base : base + Number(record.timestampDelta),
            key: record.key === null ? null : record.key.toString(),
            value: record.value ?? Buffer.alloc(0),
            headers: decodeHeaders(record.headers),
          });
        }
      }
      return { partition: partitionIndex, highWatermark: Number(highWatermark), records, nextOffset };
    }),
  );
}

function decodeHeaders(headers: readonly [Buffer | null, Buffer | null][]): Record<string, string> {
  const decoded: Record<string, string> = {};
  for (const [name, value] of headers) if (name !== null) decoded[name.toString()] = value === null ? '' : value.toString();
  return decoded;
}
