import 'reflect-metadata';
import { ConfigErrors, type ConfigIssue } from '@tocsin/extension';
import { EventLogServer, type AssignmentLifecycle } from '@tocsin/event-log/nest';
import { defaultConfig, loadConfig, logDriver, type AppName, type CommonConfig } from '../config.js';
import { Health } from '../health.js';
import { createLogger, type Logger } from '../logger.js';
import { createMetrics } from '../metrics.js';
import { openConfiguredStore, openLog } from '../open.js';
import type { AppPart, RunningPart } from '../part.js';
import { systemClock, type Clock, type Runtime } from '../runtime.js';
import { createHttp } from './http.js';

export interface ServiceOptions {
  /** Metric label and log field: the app's name, or `standalone`. */
  name: string;
  version: string;
  parts: readonly AppPart[];
  /** One process holds everything, so that the embedded log and SQLite will do. */
  standalone?: boolean;
  env?: NodeJS.ProcessEnv;
  /** Tests set it. */
  clock?: Clock;
}

export interface RunningService {
  /** Where HTTP listens, for example `http://127.0.0.1:8080`. */
  url: string;
  runtime: Runtime;
  /** Graceful: answers what is in flight, finishes batches, commits, closes. Safe to call twice. */
  stop(): Promise<void>;
}

/** Starts a service. Throws `ConfigErrors` before anything connects when the configuration is wrong. */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const env = options.env ?? process.env;
  const schemas = Object.fromEntries(options.parts.map((part) => [part.name, part.config]));
  const needsStore = options.parts.some((part) => part.needsStore);
  const issues: ConfigIssue[] = [];
  const { common, sections, file } = await loadConfig(schemas, env).catch((error: unknown) => {
    issues.push(...configIssues(error));
    return defaultConfig(schemas, env);
  });
  if (options.standalone !== true && issues.length === 0) issues.push(...sharedPartsMissing(options.name, common, needsStore));
  const planned = await planAll(options.parts, common, sections, issues);
  if (issues.length > 0) throw new ConfigErrors(dedupe(issues));

  const logger = createLogger(options.name, common.logging.level);
  const metrics = createMetrics(options.name, options.version);
  const undo: (() => Promise<void>)[] = [];
  const stop = stopper(undo, logger, common.shutdownMs);
  try {
    const log = await openLog(common, `tocsin-${options.name}`, logger);
    undo.push(() => log.close());
    const store = needsStore ? (await openConfiguredStore(common)).store : undefined;
    if (store !== undefined) undo.push(() => store.close());
    // A part that declares `needsStore: false` never touches it, so the type need not tell the two apart.
    const runtime = { config: common, logger, metrics, log, store, clock: options.clock ?? systemClock } as Runtime;
    const parts: RunningPart[] = [];
    for (const build of planned) parts.push(await build(runtime));

    const health = new Health({ log, store });
    const app = await createHttp({ modules: parts.map((part) => part.module), health, metrics, logger, maxBodyBytes: common.http.maxBodyBytes });
    const lifecycle: Record<string, AssignmentLifecycle> = Object.assign({}, ...parts.map((part) => part.lifecycle ?? {}));
    app.connectMicroservice({ strategy: new EventLogServer(log, { lifecycle }) }, { inheritAppConfig: false });
    undo.push(() => app.close());
    await app.startAllMicroservices();
    for (const part of parts) {
      undo.push(async () => part.stop?.());
      await part.start?.();
    }
    await app.listen(common.http.port, common.http.host);
    health.phase = 'running';
    undo.push(async () => {
      health.phase = 'stopping';
    });
    const url = await app.getUrl();
    logger.info({ url, log: logDriver(common), store: store?.dialect, config: file }, 'Ready.');
    return { url, runtime, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The mistakes that an error tells; anything else is thrown on. */
function configIssues(error: unknown): readonly ConfigIssue[] {
  if (error instanceof ConfigErrors) return error.issues;
  throw error;
}

async function planAll(
  parts: readonly AppPart[],
  common: CommonConfig,
  sections: Partial<Record<AppName, unknown>>,
  issues: ConfigIssue[],
): Promise<((runtime: Runtime) => Promise<RunningPart>)[]> {
  const planned = await Promise.allSettled(parts.map((part) => part.plan(sections[part.name], common)));
  return planned.flatMap((result) => {
    if (result.status === 'fulfilled') return [result.value];
    issues.push(...configIssues(result.reason));
    return [];
  });
}

/** Separate services meet on a shared log and a shared store; files of one process would part them. */
function sharedPartsMissing(name: string, common: CommonConfig, needsStore: boolean): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  if (logDriver(common) !== 'kafka' || common.log.brokers.length === 0) {
    issues.push({
      file: 'environment',
      path: 'KAFKA_BROKERS',
      message: `is missing; a separate ${name} service needs Kafka: set KAFKA_BROKERS=host:9092, or run everything in one process by "npm start"`,
    });
  }
  if (needsStore && common.store.url === undefined) {
    issues.push({
      file: 'environment',
      path: 'DATABASE_URL',
      message: `is missing; a separate ${name} service needs Postgres: set DATABASE_URL=postgres://user:password@host:5432/tocsin`,
    });
  }
  return issues;
}

/** Several parts read the same policy directory, so each of its mistakes would be told once per part. */
function dedupe(issues: ConfigIssue[]): ConfigIssue[] {
  return [...new Map(issues.map((issue) => [JSON.stringify(issue), issue])).values()];
}

/** Undoes the start in reverse order; past the deadline the rest is left to the operating system. */
function stopper(undo: (() => Promise<void>)[], logger: Logger, deadlineMs: number): () => Promise<void> {
  let stopping: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    for (const step of undo.toReversed()) {
      try {
        await step();
      } catch (error) {
        logger.error({ err: error }, 'A step of the stop failed.');
      }
    }
  };
  return () => {
    stopping ??= new Promise((resolve) => {
      const timer = setTimeout(() => {
        logger.error({ deadlineMs }, 'The stop took too long; what is not committed will be processed again.');
        resolve();
      }, deadlineMs);
      void run().then(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    return stopping;
  };
}

/** The body of every `main.ts`: starts, stops on SIGTERM and SIGINT, and tells configuration errors as a list. */
export async function main(options: ServiceOptions, onReady?: (service: RunningService) => Promise<void>): Promise<void> {
  try {
    const service = await startService(options);
    let stopping = false;
    const onSignal = (): void => {
      if (stopping) process.exit(1);
      stopping = true;
      void service.stop().then(() => process.exit(0));
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    await onReady?.(service);
  } catch (error) {
    const text = error instanceof ConfigErrors ? `The configuration has errors; nothing was started.\n${error.message}` : startFailure(error);
    process.stderr.write(`${text}\n`);
    process.exit(1);
  }
}

function startFailure(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `The address is in use: ${error.message}. Stop the other process, or set PORT to a free one.`;
  }
  return `Tocsin could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
