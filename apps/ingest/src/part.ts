import { isDeepStrictEqual } from 'node:util';
import type { Consumer } from '@tocsin/event-log';
import { ConfigErrors, resolveSecret } from '@tocsin/extension';
import { openPolicySource, type PolicySource } from '@tocsin/policy';
import { followPolicies, readToken, type AppPart, type CommonConfig, type RunningPart, type Runtime } from '@tocsin/runtime';
import { configIssues, withMappings } from './check-config.js';
import { ingestConfig, registry, type IngestConfig } from './config.js';
import { IngestModule } from './ingest.module.js';
import { createIngestMetrics } from './metrics.js';
import { authenticator, type Tokens } from './pipeline/authenticate.js';
import { Intake } from './pipeline/intake.js';
import type { KeepDeps } from './pipeline/keep.js';
import { LiveDecoder } from './pipeline/live-decoder.js';
import { masker, type MaskViolation } from './pipeline/mask.js';
import { RecentIds } from './pipeline/recent-ids.js';
import { mapping } from './sources/generic/mapping.js';
import type { Source } from './sources/source.js';
import { syslogListener, type SyslogListener } from './syslog/listener.js';
import { SyslogQueue } from './syslog/queue.js';
import { consumeTopic } from './topics.js';

export const ingestPart: AppPart<IngestConfig> = {
  name: 'ingest',
  config: ingestConfig,
  needsStore: false,
  async plan(config, common) {
    const issues = configIssues(config, common.http.host);
    const source = await openPolicySource(common, {
      kinds: ['SourceMapping'],
      schemas: { mapping },
      interpret: ({ mappings }) => withMappings(config, mappings),
    }).catch((error: unknown) => {
      if (!(error instanceof ConfigErrors)) throw error;
      issues.push(...error.issues);
      return undefined;
    });
    if (issues.length > 0 || source === undefined) throw new ConfigErrors(issues);
    const secrets = { tokens: await readTokens(config), mask: masker(config.mask, await readSalt(config)) };
    return async (runtime) => build({ config: await source.first(runtime.logger), source }, common, secrets, runtime);
  },
};

type ReadySources = ReadonlyMap<string, { source: Source; decoder: LiveDecoder }>;

/** The configuration with what documents add to it, and where they come from. */
interface Loaded {
  config: IngestConfig;
  source: PolicySource<IngestConfig>;
}

/** What was made of secrets before anything connects. */
interface Secrets {
  tokens: Tokens;
  mask: MaskViolation;
}

function build(loaded: Loaded, common: CommonConfig, { tokens, mask }: Secrets, runtime: Runtime): RunningPart {
  const { config } = loaded;
  const { log, clock, logger } = runtime;
  const metrics = createIngestMetrics(runtime.metrics);
  const { limits } = config;
  const keepDeps: KeepDeps = {
    log,
    clock,
    metrics,
    mask,
    recent: new RecentIds(config.deduplication.maxIds, config.deduplication.window),
    clockBounds: { maxFutureMs: config.clock.maxFuture, maxPastMs: config.clock.maxPast },
  };
  const sources: ReadySources = new Map(
    [...registry].map(([type, source]) => [type, { source, decoder: new LiveDecoder(source.create(config.sources[type], undefined)) }]),
  );
  const intake = new Intake({ ...keepDeps, sources, authenticate: authenticator(tokens), limits, cluster: common.cluster, logger });

  const listeners = config.syslog.listeners.map((listener): SyslogListener => {
    const ready = readySource(sources, listener.source);
    const mapping = listener.mapping ?? (ready.source.fromSyslog === undefined ? undefined : 'syslog');
    const received = { cluster: listener.cluster ?? common.cluster, limits, ...(mapping === undefined ? {} : { mapping }) };
    const openQueue = (onDrained: () => void): SyslogQueue =>
      new SyslogQueue({ ...keepDeps, ...ready, received, maxBytes: listener.maxQueueBytes, logger, onDrained });
    return syslogListener({ config: listener, openQueue, metrics, logger });
  });
  const consumers: Consumer[] = [];
  let following: { stop(): Promise<void> } | undefined;

  return {
    module: IngestModule.forRoot(intake),
    async start() {
      for (const listener of listeners) await listener.start();
      config.syslog.listeners.forEach(({ protocol, host, source }, index) => {
        logger.info({ protocol, host, port: listeners[index]?.port(), source }, 'Listening for syslog.');
      });
      for (const topic of config.topics) {
        const received = { cluster: topic.cluster ?? common.cluster, limits };
        consumers.push(await consumeTopic({ ...keepDeps, config: topic, decoder: readySource(sources, topic.source).decoder, received, logger }));
      }
      following = await followMappings(loaded, sources, runtime);
    },
    async stop() {
      await following?.stop();
      await Promise.all(consumers.map((consumer) => consumer.stop()));
      await Promise.all(listeners.map((listener) => listener.stop()));
    },
  };
}

function followMappings({ config, source: documents }: Loaded, sources: ReadySources, { logger, metrics }: Runtime) {
  let current = config;
  return followPolicies<IngestConfig>({
    app: 'ingest',
    logger,
    metrics,
    watch: (listener) => documents.watch(listener),
    async apply(next) {
      const changed = [...sources].filter(([type]) => !isDeepStrictEqual(next.sources[type], current.sources[type]));
      for (const [type, { source, decoder }] of changed) decoder.replace(source.create(next.sources[type], undefined));
      current = next;
      return changed.length === 0 ? undefined : { sources: changed.map(([type]) => type) };
    },
  });
}

function readySource(sources: ReadySources, type: string): { source: Source; decoder: LiveDecoder } {
  const ready = sources.get(type);
  // The schema of listeners and topics takes registered types only.
  if (ready === undefined) throw new Error(`The source "${type}" is not registered; add it to sources/index.ts.`);
  return ready;
}

async function readTokens(config: IngestConfig): Promise<Tokens> {
  const { mode, token, tokens } = config.authentication;
  if (mode === 'none') return { shared: undefined, bySource: new Map() };
  const named = Object.entries(tokens).flatMap(([type, ref]) => (ref === undefined ? [] : [[type, ref] as const]));
  const bySource = await Promise.all(named.map(async ([type, ref]) => [type, await readToken(ref, `ingest.authentication.tokens.${type}`)] as const));
  return { shared: token === undefined ? undefined : await readToken(token, 'ingest.authentication.token'), bySource: new Map(bySource) };
}

/** Short ones could be found by trying, and the values with them. */
const SALT_MIN = 16;

async function readSalt({ mask, maskSalt }: IngestConfig): Promise<string> {
  if (maskSalt === undefined || mask.length === 0) return '';
  const fail = (message: string): never => {
    throw new ConfigErrors([{ file: 'tocsin.yaml', path: 'ingest.maskSalt', message }]);
  };
  const salt = await resolveSecret(maskSalt).catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
  return salt.length < SALT_MIN ? fail(`is too short; take ${SALT_MIN} characters or more, for example of "openssl rand -hex 24"`) : salt;
}
