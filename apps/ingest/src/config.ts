import { buildRegistry, describeKnown, duration, secretRef } from '@tocsin/extension';
import { z } from 'zod';
import { LABEL, MASKABLE } from './pipeline/mask.js';
import { sources } from './sources/index.js';
import type { Source } from './sources/source.js';

export const registry: ReadonlyMap<string, Source> = buildRegistry('source', sources);
export const sourceTypes = [...registry.keys()] as [string, ...string[]];

const MIB = 1024 * 1024;

const entrance = {
  /** Which source's adapter reads what comes in here. */
  source: z.enum(sourceTypes),
  /** For `source: generic`: name of the mapping. Default: `syslog` for listeners, else the source's own default. */
  mapping: z.string().min(1).max(253).optional(),
  /** Cluster of events whose sensor does not name one. Default: the `cluster` of the whole file. */
  cluster: z.string().min(1).max(128).optional(),
};

const listener = z.strictObject({
  ...entrance,
  protocol: z.enum(['tcp', 'udp']),
  /** Syslog knows no authentication: beyond loopback, the network must keep others out. */
  host: z.string().min(1).default('127.0.0.1'),
  /** 0 takes a free one. */
  port: z.number().int().min(0).max(65_535).default(5514),
  /** A longer message is cut and counted. */
  maxMessageBytes: z
    .number()
    .int()
    .min(480)
    .max(MIB)
    .default(256 * 1024),
  /** TCP connections at once; further ones are closed. */
  maxConnections: z.number().int().min(1).max(65_535).default(256),
  /** A TCP connection without a message for so long is closed. NeuVector keeps its connection and may be quiet. */
  idleTimeout: duration.prefault('1h'),
  /** Bytes that wait while the log is down: then TCP senders are held back, and UDP messages are dropped and counted. */
  maxQueueBytes: z
    .number()
    .int()
    .min(MIB)
    .max(1024 * MIB)
    .default(32 * MIB),
});
export type ListenerConfig = z.infer<typeof listener>;

const topic = z.strictObject({
  ...entrance,
  /** A topic that sensors or shippers write. Not one of Tocsin's own. */
  topic: z.string().regex(/^[A-Za-z0-9._-]{1,249}$/, 'expected the name of a Kafka topic'),
  /** Consumer group. Default: `tocsin-ingest-<topic>`. */
  group: z.string().min(1).max(249).optional(),
});
export type TopicConfig = z.infer<typeof topic>;

const maskedPath = z.string().superRefine((path, context) => {
  if (MASKABLE.includes(path) || (path.startsWith(LABEL) && path.length > LABEL.length)) return;
  const message = `is "${path.slice(0, 60)}", which is no field that can be masked; ${describeKnown(path, [...MASKABLE, 'labels.<name>'])}`;
  context.addIssue({ code: 'custom', message });
});

/** The `ingest:` section of tocsin.yaml. */
export const ingestConfig = z.strictObject({
  authentication: z
    .strictObject({
      /** `none` says that the network keeps others out; without it, listening beyond loopback needs tokens. */
      mode: z.enum(['token', 'none']).default('token'),
      /** Bearer token of every source that has none of its own. */
      token: secretRef.optional(),
      /** Bearer token of one source, by its type. */
      tokens: z.strictObject(Object.fromEntries(sourceTypes.map((type) => [type, secretRef.optional()]))).prefault({}),
    })
    .prefault({}),
  /** Settings of each source, by its type; see there. All sources are on. */
  sources: z.strictObject(Object.fromEntries([...registry].map(([type, source]) => [type, z.prefault(source.config, {})]))).prefault({}),
  limits: z
    .strictObject({
      /** Of a body, as it came and unpacked; `http.maxBodyBytes` bounds it as well. */
      maxBodyBytes: z
        .number()
        .int()
        .min(1024)
        .max(64 * MIB)
        .default(MIB),
      /** Events in one body. */
      maxItems: z.number().int().min(1).max(100_000).default(2_000),
      /** Objects and lists within each other. */
      maxDepth: z.number().int().min(2).max(512).default(64),
      /** Bodies being worked on; more is answered with 503. */
      maxInFlightBytes: z
        .number()
        .int()
        .min(MIB)
        .default(64 * MIB),
      /** Events per second and source, in the long run; more is answered with 429. */
      itemsPerSecond: z.number().min(1).default(20_000),
      /** Events that a source may send at once. */
      burst: z.number().min(1).default(40_000),
    })
    .prefault({}),
  deduplication: z
    .strictObject({
      /** How long an accepted id is remembered. */
      window: duration.prefault('10m'),
      /** How many are remembered, about 100 bytes each. */
      maxIds: z.number().int().min(0).max(10_000_000).default(100_000),
    })
    .prefault({}),
  clock: z
    .strictObject({
      /** How far a sensor's clock may be ahead before its time is replaced. */
      maxFuture: duration.prefault('5m'),
      /** How old an event may be before its time is replaced. Late and imported events are legitimate; 1970 is not. */
      maxPast: duration.prefault('3650d'),
    })
    .prefault({}),
  /** Personal data that never reaches the log: paths into the violation, see pipeline/mask.ts for what happens to the rest of it. */
  mask: z
    .array(
      z.strictObject({
        path: maskedPath,
        /** `hash` gives the same text for the same value, so that rules can still group by it; `remove` leaves nothing. */
        with: z.enum(['hash', 'remove']),
      }),
    )
    .max(64)
    .default([]),
  /** Key of the hashes, 16 characters or more; with another one, all hashes are others. Without it, values could be found by trying. */
  maskSalt: secretRef.optional(),
  syslog: z.strictObject({ listeners: z.array(listener).max(32).default([]) }).prefault({}),
  topics: z.array(topic).max(64).default([]),
});
export type IngestConfig = z.infer<typeof ingestConfig>;
