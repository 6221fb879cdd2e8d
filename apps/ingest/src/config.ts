import { buildRegistry, ConfigErrors, duration, secretRef, type ConfigIssue } from '@tocsin/extension';
import { isLoopback, tokenMissing } from '@tocsin/runtime';
import { z } from 'zod';
import { sources } from './sources/index.js';
import type { Source } from './sources/source.js';

export const registry: ReadonlyMap<string, Source> = buildRegistry('source', sources);
const types = [...registry.keys()] as [string, ...string[]];

const MIB = 1024 * 1024;

const entrance = {
  /** Which source's adapter reads what comes in here. */
  source: z.enum(types),
  /** For `source: generic`: name of the mapping. Default: `syslog` for listeners, else the source's own default. */
  mapping: z.string().min(1).max(64).optional(),
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

/** The `ingest:` section of tocsin.yaml. */
export const ingestConfig = z.strictObject({
  authentication: z
    .strictObject({
      /** `none` says that the network keeps others out; without it, listening beyond loopback needs tokens. */
      mode: z.enum(['token', 'none']).default('token'),
      /** Bearer token of every source that has none of its own. */
      token: secretRef.optional(),
      /** Bearer token of one source, by its type. */
      tokens: z.strictObject(Object.fromEntries(types.map((type) => [type, secretRef.optional()]))).prefault({}),
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
  syslog: z.strictObject({ listeners: z.array(listener).max(32).default([]) }).prefault({}),
  topics: z.array(topic).max(64).default([]),
});
export type IngestConfig = z.infer<typeof ingestConfig>;

/** What no schema can see. Throws `ConfigErrors` with all of it. */
export function checkConfig(config: IngestConfig, httpHost: string): void {
  const issues: ConfigIssue[] = [];
  const issue = (path: string, message: string): void => void issues.push({ file: 'tocsin.yaml', path: `ingest.${path}`, message });
  const { mode, token, tokens } = config.authentication;
  const open = types.filter((type) => token === undefined && tokens[type] === undefined);
  if (mode === 'token' && !isLoopback(httpHost) && open.length > 0) {
    issues.push(tokenMissing('ingest', httpHost, ` (sources without a token: ${open.join(', ')})`));
  }
  config.syslog.listeners.forEach((entry, index) => checkMapping(config, entry, `syslog.listeners[${index}]`, issue));
  config.topics.forEach((entry, index) => {
    checkMapping(config, entry, `topics[${index}]`, issue);
    if (entry.topic.startsWith('tocsin.'))
      issue(`topics[${index}].topic`, `is "${entry.topic}", one of Tocsin's own; it would take in what it wrote`);
  });
  if (issues.length > 0) throw new ConfigErrors(issues);
}

function checkMapping(
  config: IngestConfig,
  entry: { source: string; mapping?: string | undefined },
  path: string,
  issue: (path: string, message: string) => void,
): void {
  if (entry.mapping === undefined) return;
  const known = registry.get(entry.source)?.mappings?.(config.sources[entry.source]);
  if (known === undefined) issue(`${path}.mapping`, `has no meaning for source "${entry.source}"; leave it out`);
  else if (!known.includes(entry.mapping)) issue(`${path}.mapping`, `is "${entry.mapping}", expected one of: ${known.join(', ')}`);
}
