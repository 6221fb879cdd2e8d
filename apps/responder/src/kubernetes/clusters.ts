import { KubeConfig } from '@kubernetes/client-node';
import { Refused } from '../failure.js';
import { Cluster } from './cluster.js';

export interface ClusterConfig {
  name: string;
  kubeconfig?: string | undefined;
  context?: string | undefined;
  inCluster: boolean;
}

/** The clusters that actions can reach, by the name that violations give them. */
export class Clusters {
  readonly #byName: ReadonlyMap<string, Cluster>;

  constructor(clusters: readonly Cluster[]) {
    this.#byName = new Map(clusters.map((cluster) => [cluster.name, cluster]));
  }

  get names(): string[] {
    return [...this.#byName.keys()];
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  get(name: string): Cluster {
    const cluster = this.#byName.get(name);
    if (cluster !== undefined) return cluster;
    const known = this.names.length === 0 ? 'none is configured' : `known: ${this.names.join(', ')}`;
    throw new Refused('unknown_cluster', `No cluster "${name}" is in \`responder.clusters\`; ${known}.`);
  }
}

/** Reads kubeconfigs and connects to nothing. Throws an `Error` that names the cluster. */
export function openClusters(configs: readonly ClusterConfig[]): Clusters {
  return new Clusters(configs.map((config) => new Cluster(config.name, kubeConfigOf(config))));
}

function kubeConfigOf({ name, kubeconfig, context, inCluster }: ClusterConfig): KubeConfig {
  const config = new KubeConfig();
  try {
    if (inCluster) config.loadFromCluster();
    else if (kubeconfig !== undefined) config.loadFromFile(kubeconfig);
  } catch (cause) {
    throw new Error(`responder.clusters: the kubeconfig of "${name}" cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  if (context !== undefined) {
    const known = config.getContexts().map((one) => one.name);
    if (!known.includes(context))
      throw new Error(`responder.clusters: the kubeconfig of "${name}" has no context "${context}"; known: ${known.join(', ')}`);
    config.setCurrentContext(context);
  }
  if (config.getCurrentCluster() === null) throw new Error(`responder.clusters: the kubeconfig of "${name}" has no current context.`);
  return config;
}
