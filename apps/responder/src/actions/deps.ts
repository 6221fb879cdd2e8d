import type { Evidence } from '@tocsin/evidence';
import type { Neuvector } from '../neuvector/neuvector.js';
import type { Clusters } from '../kubernetes/clusters.js';

/** What captures are made with, see `responder.capture`. */
export interface CaptureSettings {
  /** With its digest. */
  image: string;
  /** No pod's capture is larger or longer, whatever a policy says. */
  maxBytes: number;
  maxSeconds: number;
}

/** What actions are made with. */
export interface ActionDeps {
  clusters: Clusters;
  evidence: Pick<Evidence, 'keep'>;
  /** Controllers by cluster, where there are any. */
  neuvector: ReadonlyMap<string, Neuvector>;
  /** Undefined: captures are not configured. */
  capture: CaptureSettings | undefined;
}
