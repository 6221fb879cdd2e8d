import type { Clusters } from '../kubernetes/clusters.js';

/** What actions are made with. */
export interface ActionDeps {
  clusters: Clusters;
}
