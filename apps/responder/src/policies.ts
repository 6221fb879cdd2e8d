/** What response policies want done. */
export * from './pipeline/plan-actions.js';
export type { Subject } from './pipeline/targets.js';
