import { join } from 'node:path';
import type { Store } from '@tocsin/store';
import type { EvidenceConfig } from './config.js';
import { directoryBlobs } from './directory.js';
import { Evidence } from './evidence.js';
import { s3Blobs } from './s3.js';

export type { Blobs } from './blobs.js';
export { evidenceConfig, type EvidenceConfig } from './config.js';
export { directoryBlobs } from './directory.js';
export { Evidence, EvidenceDamaged, type Collected } from './evidence.js';
export { s3Blobs } from './s3.js';

const DAY_MS = 24 * 3_600_000;

/** Connects to nothing yet. */
export function openEvidence(config: EvidenceConfig, store: Store, dataDir: string, now: () => number): Evidence {
  const blobs = config.type === 's3' ? s3Blobs(config) : directoryBlobs(config.path ?? join(dataDir, 'evidence'));
  return new Evidence(store, blobs, config.retentionDays * DAY_MS, now);
}
