/** What response policies want done. */
export { actionRegistry } from './actions/index.js';
export * from './pipeline/plan-actions.js';
export type { Subject } from './pipeline/targets.js';
