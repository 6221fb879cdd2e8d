import type { PolicySchemas } from '../kinds/document-kind.js';
import type { PolicyKind } from '../kinds/resources.js';
import type { Hits } from '../kubernetes/status.js';
import { loadPolicies, type PolicySet, type ReadOptions } from '../policies.js';
import { contentOf, watchPolicies } from '../watch.js';

/** Where policy documents are, as tocsin.yaml says. */
export interface SourceConfig {
  /** Name of the cluster that this is. */
  cluster: string;
  policyDir: string;
  policies: {
    source: 'directory' | 'kubernetes';
    kubeconfig?: string | undefined;
    namespace?: string | undefined;
    namespaces?: 'own' | 'all' | undefined;
  };
}

export interface SourceLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface SourceListener<T> {
  /** The documents in force are these. MAY come again for the same ones. */
  onValid(result: T): void;
  /** Some have mistakes; what was in force of them stays. MAY come again with the same mistakes. */
  onInvalid(error: Error): void;
}

export interface SourceOptions<T> {
  /** The kinds that the service reads; it alone writes back what has become of them. */
  kinds: readonly PolicyKind[];
  schemas: PolicySchemas;
  read?: ReadOptions;
  /** Directories beside the configured one whose changes matter, too. */
  alsoWatched?: readonly string[];
  /** What the service makes of the documents. Throws `ConfigErrors` where they do not go together. */
  interpret(set: PolicySet): T;
}

/** Of one kind, how often its documents have come to something; those that never have may be left out. */
export interface HitsOf {
  kind: PolicyKind;
  /** By the names of documents. */
  read(): Promise<ReadonlyMap<string, Hits>>;
}

/** Where a service gets its documents: `first`, and from then on by `watch`. */
export interface PolicySource<T> {
  /** What is in force at the beginning. Waits for as long as a cluster does not answer. */
  first(logger: SourceLogger): Promise<T>;
  /** Resolves to what ends it. */
  watch(listener: SourceListener<T>, hitsOf?: HitsOf): Promise<() => Promise<void>>;
}

/** Reads files, and connects to nothing yet. Throws `ConfigErrors`. */
export async function openPolicySource<T>(config: SourceConfig, options: SourceOptions<T>): Promise<PolicySource<T>> {
  if (config.policies.source === 'directory') return directorySource(config.policyDir, options);
  // Its client takes its time to load, and few need it.
  const { ClusterSource } = await import('../kubernetes/cluster-source.js');
  return new ClusterSource(config, options);
}

async function directorySource<T>(directory: string, { schemas, read, alsoWatched = [], interpret }: SourceOptions<T>): Promise<PolicySource<T>> {
  const directories = [...alsoWatched, directory];
  const load = async (): Promise<T> => interpret(await loadPolicies(directory, schemas, read));
  const seen = await contentOf(directories);
  const loaded = await load();
  return {
    first: () => Promise.resolve(loaded),
    watch: ({ onValid, onInvalid }) => Promise.resolve(watchPolicies(directories, seen, { load, onValid, onInvalid })),
  };
}
