import kafkajs from 'kafkajs';
import { pause, retryDelay } from '../backoff.js';
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
import {
  type Broker,
  type Cluster,
  createCluster,
  type FetchedMessage,
  type FetchedMessages,
  hasType,
  type JoinedGroup,
  mapError,
  recover,
} from './kafkajs-cluster.js';

/** The name under which @platformatic/kafka offers the same assignment, so that both may share a group. */
const PROTOCOL = 'roundrobin';
const PROTOCOL_VERSION = 1;
const JOIN_ATTEMPTS = 5;
const READ_COMMITTED = 1;
const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;

interface Generation {
  id: number;
  memberId: string;
}

export function openKafkajsMember(config: ClientConfig, options: MemberOptions): Member {
  return new KafkajsMember(config, options);
}

/**
 * A group member on kafkajs's protocol layer, classic group protocol. States: new → joined (heartbeats) ⇄ rejoining
 * (beforeJoin, join, sync) → lost or left. kafkajs keeps a second connection to each broker for fetches, so that one
 * which waits for records does not hold up heartbeats and commits.
 */
class KafkajsMember implements Member {
  readonly #options: MemberOptions;
  readonly #logger: ClientConfig['logger'];
  readonly #cluster: Cluster;
  readonly #leaving = new AbortController();
  #coordinator: Broker | undefined;
  #generation: Generation | undefined;
  #joining: Promise<void> = Promise.resolve();
  #heartbeats: Promise<void> = Promise.resolve();

  constructor(config: ClientConfig, options: MemberOptions) {
    this.#options = options;
    this.#logger = config.logger;
    this.#cluster = createCluster(config);
  }

  async join(): Promise<void> {
    try {
      await this.#cluster.connect();
      await this.#cluster.addTargetTopic(this.#options.topic);
      this.#joining = this.#joinUntilSynced();
      await this.#joining;
    } catch (error) {
      throw mapError(error, this.#options.topic);
    }
    this.#heartbeats = this.#beat();
  }

  async leaders(refresh: boolean): Promise<ReadonlyMap<number, number>> {
    if (refresh) await recover(this.#cluster, undefined);
    return new Map(this.#cluster.findTopicPartitionMetadata(this.#options.topic).map(({ partitionId, leader }) => [partitionId, leader]));
  }

  async fetch(node: number, positions: readonly FetchPosition[], maxWaitMs: number): Promise<FetchedPartition[]> {
    const { topic } = this.#options;
    try {
      const broker = await this.#cluster.findBroker({ nodeId: node });
      const { responses } = await broker.fetch({
        replicaId: -1,
        isolationLevel: READ_COMMITTED,
        maxWaitTime: maxWaitMs,
        minBytes: 1,
        maxBytes: FETCH_MAX_BYTES,
        topics: [
          {
            topic,
            partitions: positions.map(({ partition, offset }) => ({
              partition,
              fetchOffset: String(offset),
              maxBytes: FETCH_MAX_BYTES_PER_PARTITION,
            })),
          },
        ],
      });
      const offsets = new Map(positions.map(({ partition, offset }) => [partition, offset]));
      return responses.flatMap(({ partitions }) => partitions.map((found) => decode(found, offsets.get(found.partition) ?? 0)));
    } catch (error) {
      if (hasType(error, 'OFFSET_OUT_OF_RANGE')) throw new OffsetOutOfRange('An offset is out of range.', { cause: error });
      await recover(this.#cluster, error);
      throw mapError(error, topic);
    }
  }

  async committed(partitions: readonly number[]): Promise<Map<number, number>> {
    const { topic, group } = this.#options;
    const request = { groupId: group, topics: [{ topic, partitions: partitions.map((partition) => ({ partition })) }] };
    const { responses } = await this.#askCoordinator((coordinator) => coordinator.offsetFetch(request));
    const found = responses.flatMap((response) => response.partitions);
    return new Map(found.flatMap(({ partition, offset }) => (Number(offset) < 0 ? [] : [[partition, Number(offset)]])));
  }

  async listOffsets(partitions: readonly number[], at: 'earliest' | 'latest'): Promise<Map<number, number>> {
    const { topic } = this.#options;
    const request = { topic, partitions: partitions.map((partition) => ({ partition })), fromBeginning: at === 'earliest' };
    try {
      const found = await this.#cluster.fetchTopicsOffset([request]);
      return new Map(found.flatMap((entry) => entry.partitions.map(({ partition, offset }) => [partition, Number(offset)])));
    } catch (error) {
      await recover(this.#cluster, error);
      throw mapError(error, topic);
    }
  }

  async commit(offsets: ReadonlyMap<number, number>): Promise<void> {
    const { topic, group } = this.#options;
    const generation = this.#generation;
    if (!generation) throw new LogUnavailable('Not a member of the group at the moment.');
    const partitions = [...offsets].map(([partition, offset]) => ({ partition, offset: String(offset) }));
    await this.#askCoordinator((coordinator) =>
      coordinator.offsetCommit({
        groupId: group,
        memberId: generation.memberId,
        groupGenerationId: generation.id,
        topics: [{ topic, partitions }],
      }),
    );
  }

  async leave(): Promise<void> {
    this.#leaving.abort();
    await withinPatience(this.#goodbye());
  }

  /** A join under way is answered first: the member that it creates would else hold partitions until its session ends. */
  async #goodbye(): Promise<void> {
    await Promise.allSettled([this.#joining, this.#heartbeats]);
    const generation = this.#generation;
    this.#generation = undefined;
    if (generation && this.#coordinator) {
      const request = { groupId: this.#options.group, memberId: generation.memberId };
      await this.#coordinator.leaveGroup(request).catch(() => undefined);
    }
    await this.#cluster.disconnect().catch(() => undefined);
  }

  /** Heartbeats until the membership ends; a rebalance shows itself as the answer to one. */
  async #beat(): Promise<void> {
    const { heartbeatIntervalMs, sessionTimeoutMs, onLost } = this.#options;
    const { signal } = this.#leaving;
    let answered = Date.now();
    while (!signal.aborted) {
      await pause(heartbeatIntervalMs, signal);
      if (signal.aborted) return;
      try {
        await this.#heartbeat();
        answered = Date.now();
      } catch (error) {
        if (signal.aborted) return;
        if (!needsRejoin(error)) {
          this.#logger.debug({ group: this.#options.group, err: error }, 'A heartbeat failed.');
          if (Date.now() - answered < sessionTimeoutMs) continue;
          onLost(error);
          return;
        }
        try {
          await this.#rejoin(error);
          answered = Date.now();
        } catch (failure) {
          if (!signal.aborted) onLost(mapError(failure, this.#options.topic));
          return;
        }
      }
    }
  }

  async #heartbeat(): Promise<void> {
    const generation = this.#generation;
    if (!generation) return;
    const request = { groupId: this.#options.group, memberId: generation.memberId, groupGenerationId: generation.id };
    await this.#askCoordinator((coordinator) => coordinator.heartbeat(request));
  }

  async #rejoin(reason: unknown): Promise<void> {
    if (hasType(reason, 'UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID')) this.#generation = undefined;
    await this.#joinUntilSynced();
  }

  /** While handlers end, the broker still wants to hear from us, or the session is over before the join. */
  async #beforeJoin(): Promise<void> {
    const drained = new AbortController();
    const beating = (async () => {
      while (!drained.signal.aborted) {
        await pause(this.#options.heartbeatIntervalMs, drained.signal);
        if (!drained.signal.aborted) await this.#heartbeat().catch(() => undefined);
      }
    })();
    try {
      await this.#options.beforeJoin();
    } finally {
      drained.abort();
      await beating;
    }
  }

  async #joinUntilSynced(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await this.#beforeJoin();
      try {
        const partitions = await this.#joinOnce();
        if (!this.#leaving.signal.aborted) this.#options.onAssigned(partitions);
        return;
      } catch (error) {
        if (hasType(error, 'UNKNOWN_MEMBER_ID')) this.#generation = undefined;
        if (this.#leaving.signal.aborted || attempt >= JOIN_ATTEMPTS) throw error;
        await pause(retryDelay(undefined, attempt), this.#leaving.signal);
      }
    }
  }

  async #joinOnce(): Promise<number[]> {
    const { topic, group, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options;
    const metadata = MemberMetadata.encode({ version: PROTOCOL_VERSION, topics: [topic], userData: Buffer.alloc(0) });
    const joined = await this.#askCoordinator((coordinator) =>
      coordinator.joinGroup({
        groupId: group,
        sessionTimeout: sessionTimeoutMs,
        rebalanceTimeout: rebalanceTimeoutMs,
        memberId: this.#generation?.memberId ?? '',
        groupProtocols: [{ name: PROTOCOL, metadata: withOwnedPartitions(metadata) }],
      }),
    );
    this.#generation = { id: joined.generationId, memberId: joined.memberId };
    if (this.#leaving.signal.aborted) throw new LogUnavailable('The member leaves.');
    const groupAssignment = joined.leaderId === joined.memberId ? await this.#assign(joined) : [];
    const { memberAssignment } = await this.#askCoordinator((coordinator) =>
      coordinator.syncGroup({ groupId: group, generationId: joined.generationId, memberId: joined.memberId, groupAssignment }),
    );
    return MemberAssignment.decode(memberAssignment)?.assignment[topic] ?? [];
  }

  /** As the group's leader: partitions go round the members in the order of their ids. */
  async #assign({ members }: JoinedGroup): Promise<{ memberId: string; memberAssignment: Buffer }[]> {
    const { topic } = this.#options;
    await this.#cluster.refreshMetadata();
    const count = this.#cluster.findTopicPartitionMetadata(topic).length;
    const ids = members.map(({ memberId }) => memberId).sort();
    return ids.map((memberId, index) => {
      const partitions = Array.from({ length: count }, (_, partition) => partition).filter((partition) => partition % ids.length === index);
      const memberAssignment = MemberAssignment.encode({ version: 0, assignment: { [topic]: partitions }, userData: Buffer.alloc(0) });
      return { memberId, memberAssignment };
    });
  }

  async #askCoordinator<T>(question: (coordinator: Broker) => Promise<T>): Promise<T> {
    try {
      this.#coordinator ??= await this.#cluster.findGroupCoordinator({ groupId: this.#options.group });
      return await question(this.#coordinator);
    } catch (error) {
      if (!needsRejoin(error)) {
        this.#coordinator = undefined;
        if (!this.#leaving.signal.aborted) await recover(this.#cluster, error);
      }
      throw error;
    }
  }
}

function needsRejoin(error: unknown): boolean {
  return hasType(error, 'REBALANCE_IN_PROGRESS', 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID');
}

/** Version 1 of the subscription has one more field than kafkajs writes: the partitions owned, none. */
function withOwnedPartitions(metadata: Buffer): Buffer {
  return Buffer.concat([metadata, Buffer.alloc(4)]);
}

function decode(found: FetchedMessages, from: number): FetchedPartition {
  const records: StoredRecord[] = [];
  let nextOffset = from;
  for (const message of withoutAborted(found)) {
    const offset = Number(message.offset);
    if (offset < from || message.isControlRecord) continue;
    records.push({
      offset,
      timestamp: Number(message.timestamp),
      key: message.key === null ? null : message.key.toString(),
      value: message.value ?? Buffer.alloc(0),
      headers: decodeHeaders(message.headers),
    });
  }
  const last = found.messages.at(-1);
  if (last) {
    const { batchContext } = last;
    const end = batchContext ? Number(batchContext.firstOffset) + batchContext.lastOffsetDelta : Number(last.offset);
    nextOffset = Math.max(nextOffset, end + 1);
  }
  return { partition: found.partition, highWatermark: Number(found.highWatermark), records, nextOffset };
}

/** Drops records of transactions that were rolled back: those of a listed producer, up to its abort marker. */
function withoutAborted({ messages, abortedTransactions }: FetchedMessages): readonly FetchedMessage[] {
  if (!abortedTransactions || abortedTransactions.length === 0) return messages;
  const starts = abortedTransactions.map(({ producerId, firstOffset }) => ({ producerId, first: Number(firstOffset) }));
  const aborting = new Set<string>();
  return messages.filter(({ offset, batchContext, isControlRecord }) => {
    if (!batchContext) return true;
    const { producerId, inTransaction } = batchContext;
    while (starts[0] && Number(offset) >= starts[0].first) aborting.add(starts.shift()?.producerId ?? '');
    if (isControlRecord) aborting.delete(producerId);
    return !(inTransaction && aborting.has(producerId));
  });
}

function decodeHeaders(headers: FetchedMessage['headers']): Record<string, string> {
  const decoded: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const last = Array.isArray(value) ? value.at(-1) : value;
    decoded[name] = last?.toString() ?? '';
  }
  return decoded;
}
