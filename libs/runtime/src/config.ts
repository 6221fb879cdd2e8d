import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { ConfigErrors, parseYaml, secretRef, type ConfigIssue } from '@tocsin/extension';
import { evidenceConfig } from '@tocsin/evidence';
import { z } from 'zod';

/** Apps that may have a section of their own in tocsin.yaml; a service checks the sections of the apps it runs. */
export const APP_NAMES = ['ingest', 'correlator', 'responder', 'notifier', 'api'] as const;
export type AppName = (typeof APP_NAMES)[number];

/**
 * What every service reads from tocsin.yaml. Environment variables win over the file; each key names its own.
 */
const commonShape = {
  /** Name of the cluster that violations are about when their sensor does not say. Environment: TOCSIN_CLUSTER. */
  cluster: z.string().min(1).max(128).default('default'),
  /** Where the embedded log and store keep their files. Environment: TOCSIN_DATA_DIR. */
  dataDir: z.string().min(1).default('./data'),
  /** Address of the console and the API as people reach them, for links in messages. Environment: TOCSIN_PUBLIC_URL. */
  publicUrl: z
    .url({ protocol: /^https?$/, error: 'expected an http:// or https:// URL' })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  /** Directory of policy documents; it need not exist. Environment: TOCSIN_POLICY_DIR. */
  policyDir: z.string().min(1).default('./policies'),
  policies: z
    .strictObject({
      /** Where policy documents are: files in `policyDir`, or objects of a cluster (deploy/crds). Environment: TOCSIN_POLICY_SOURCE. */
      source: z.enum(['directory', 'kubernetes']).default('directory'),
      /** File that says how to reach that cluster. Default: as a pod of it, by its service account. */
      kubeconfig: z.string().min(1).optional(),
      /** Tocsin's own namespace there. Default: that of the service account, or of the kubeconfig's context. */
      namespace: z
        .string()
        .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'expected the name of a namespace')
        .optional(),
      /** `own`: documents of that namespace. `all`: those of other namespaces, too, each of which reaches its own namespace alone. */
      namespaces: z.enum(['own', 'all']).default('own'),
    })
    .prefault({}),
  http: z
    .strictObject({
      /** Address to listen on. Beyond loopback, sources and readers of the API need a token. Environment: HOST. */
      host: z.string().min(1).default('127.0.0.1'),
      /** Port to listen on; 0 takes a free one. Environment: PORT. */
      port: z.number().int().min(0).max(65_535).default(8080),
      /** Largest request body in bytes; a larger one is answered with 413. */
      maxBodyBytes: z
        .number()
        .int()
        .min(1024)
        .max(64 * 1024 * 1024)
        .default(4 * 1024 * 1024),
    })
    .prefault({}),
  log: z
    .strictObject({
      /** `kafka`, or `embedded` (one process). Default: `kafka` when brokers are given. */
      driver: z.enum(['embedded', 'kafka']).optional(),
      /** Kafka bootstrap servers, host:port. Environment: KAFKA_BROKERS, comma-separated. */
      brokers: z.array(z.string().regex(/^[^\s:]+:\d+$|^\[[0-9a-fA-F:]+\]:\d+$/, 'expected host:port')).default([]),
      /** Kafka client library. Environment: KAFKA_CLIENT. */
      client: z.enum(['platformatic', 'kafkajs']).default('platformatic'),
      /** Partitions of each topic; fixed when the topics are created. Environment: KAFKA_PARTITIONS. */
      partitions: z.number().int().min(1).max(1000).default(12),
      /** Copies of each partition; 3 in production. Environment: KAFKA_REPLICATION_FACTOR. */
      replicationFactor: z.number().int().min(1).max(10).default(1),
      /** Encrypt the connection to the brokers, by the system's certificate authorities. */
      ssl: z.boolean().default(false),
      sasl: z
        .strictObject({
          mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']),
          username: z.string().min(1),
          password: secretRef,
        })
        .optional(),
    })
    .prefault({}),
  store: z
    .strictObject({
      /** `postgres://…`; without it an SQLite file in dataDir is used. Holds a password: prefer the environment. Environment: DATABASE_URL. */
      url: z
        .string()
        .regex(/^postgres(ql)?:\/\//, 'expected postgres://user:password@host:5432/database')
        .optional(),
    })
    .prefault({}),
  /** Where what actions collect is kept. */
  evidence: evidenceConfig,
  logging: z
    .strictObject({
      /** Environment: LOG_LEVEL. */
      level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    })
    .prefault({}),
  /** How long a graceful stop may take before the process exits anyway, in milliseconds. */
  shutdownMs: z.number().int().min(100).max(600_000).default(20_000),
};

const commonSchema = z.strictObject(commonShape);
export type CommonConfig = z.infer<typeof commonSchema>;

/** Environment variables by the key they set. Numbers and lists are read from their text form. */
export const ENVIRONMENT: Record<string, { path: readonly string[]; read: (text: string) => unknown }> = {
  TOCSIN_CLUSTER: { path: ['cluster'], read: String },
  TOCSIN_DATA_DIR: { path: ['dataDir'], read: String },
  TOCSIN_POLICY_DIR: { path: ['policyDir'], read: String },
  TOCSIN_POLICY_SOURCE: { path: ['policies', 'source'], read: String },
  TOCSIN_PUBLIC_URL: { path: ['publicUrl'], read: String },
  HOST: { path: ['http', 'host'], read: String },
  PORT: { path: ['http', 'port'], read: readNumber },
  KAFKA_BROKERS: { path: ['log', 'brokers'], read: (text) => text.split(',').map((part) => part.trim()) },
  KAFKA_CLIENT: { path: ['log', 'client'], read: String },
  KAFKA_PARTITIONS: { path: ['log', 'partitions'], read: readNumber },
  KAFKA_REPLICATION_FACTOR: { path: ['log', 'replicationFactor'], read: readNumber },
  DATABASE_URL: { path: ['store', 'url'], read: String },
  LOG_LEVEL: { path: ['logging', 'level'], read: String },
};

function readNumber(text: string): unknown {
  return /^-?\d+$/.test(text.trim()) ? Number(text) : text;
}

export interface LoadedConfig {
  common: CommonConfig;
  /** Section of each app asked for, parsed by its schema. */
  sections: Partial<Record<AppName, unknown>>;
  /** The file that was read; undefined when there was none. */
  file: string | undefined;
}

/** The defaults, for going on to look for mistakes elsewhere when the configuration itself has some. */
export function defaultConfig(schemas: Partial<Record<AppName, z.ZodType>>, env: NodeJS.ProcessEnv): LoadedConfig {
  const { common, sections } = split(configSchema(schemas).parse({}));
  return { common: { ...common, policyDir: env['TOCSIN_POLICY_DIR'] ?? common.policyDir }, sections, file: undefined };
}

/** Of the whole file, with the sections of these apps. */
export function configSchema(schemas: Partial<Record<AppName, z.ZodType>>) {
  const sections = Object.fromEntries(APP_NAMES.map((name) => [name, schemas[name] ? z.prefault(schemas[name], {}) : z.unknown().optional()]));
  return z.strictObject({ ...commonShape, ...sections });
}

/**
 * Reads tocsin.yaml (TOCSIN_CONFIG, default ./tocsin.yaml, which need not exist) and the environment.
 * Throws `ConfigErrors` with every mistake at once.
 */
export async function loadConfig(schemas: Partial<Record<AppName, z.ZodType>>, env: NodeJS.ProcessEnv): Promise<LoadedConfig> {
  const named = env['TOCSIN_CONFIG'];
  const file = named ?? './tocsin.yaml';
  const text = await readConfigFile(file, named !== undefined);
  const issues: ConfigIssue[] = [];
  const schema = configSchema(schemas);
  let parsed: z.infer<typeof schema> | undefined;
  try {
    parsed = text === undefined ? schema.parse({}) : parseYaml(text.trim() === '' ? '{}' : text, file, schema);
  } catch (error) {
    if (!(error instanceof ConfigErrors)) throw error;
    issues.push(...error.issues);
  }
  // Where the file is wrong, the environment is still checked, against the defaults, so that all mistakes appear at once.
  const { common, sections: own } = split(parsed ?? schema.parse({}));
  const merged = applyEnvironment(common, env, issues);
  if (issues.length > 0 || merged === undefined) throw new ConfigErrors(issues);
  return { common: merged, sections: own, file: text === undefined ? undefined : file };
}

async function readConfigFile(file: string, required: boolean): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !required) return undefined;
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ConfigErrors([{ file, path: '', message: `cannot be read (${why}); set TOCSIN_CONFIG to a readable file or unset it` }]);
  }
}

function split(parsed: Record<string, unknown>): { common: CommonConfig; sections: Partial<Record<AppName, unknown>> } {
  const common: Record<string, unknown> = {};
  const sections: Partial<Record<AppName, unknown>> = {};
  for (const [key, value] of Object.entries(parsed)) {
    if ((APP_NAMES as readonly string[]).includes(key)) sections[key as AppName] = value;
    else common[key] = value;
  }
  return { common: common as CommonConfig, sections };
}

function applyEnvironment(common: CommonConfig, env: NodeJS.ProcessEnv, issues: ConfigIssue[]): CommonConfig | undefined {
  const candidate = structuredClone(common) as Record<string, unknown>;
  const setBy = new Map<string, string>();
  for (const [name, { path, read }] of Object.entries(ENVIRONMENT)) {
    const text = env[name];
    if (text === undefined || text === '') continue;
    setBy.set(path.join('.'), name);
    let target = candidate;
    for (const key of path.slice(0, -1)) target = target[key] as Record<string, unknown>;
    target[path.at(-1) as string] = read(text);
  }
  const result = commonSchema.safeParse(candidate);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const variable = [...setBy].find(([path]) => issue.path.join('.').startsWith(path))?.[1];
    issues.push({ file: 'environment', path: variable ?? issue.path.join('.'), message: issue.message });
  }
  return undefined;
}

/** Which log the configuration means. */
export function logDriver(common: CommonConfig): 'embedded' | 'kafka' {
  return common.log.driver ?? (common.log.brokers.length > 0 ? 'kafka' : 'embedded');
}

/** True for addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  if (isIP(host) === 4) return host.startsWith('127.');
  return isIP(host) === 6 && (host === '::1' || host.toLowerCase().startsWith('::ffff:127.'));
}
