import type { Migration } from './migration.js';

export const evidenceTimes: Migration = {
  name: '010_evidence_times',
  // What is told of cases is asked for by when it was collected, over and over.
  statements: () => ['create index evidence_collected on evidence (collected_at)'],
};
