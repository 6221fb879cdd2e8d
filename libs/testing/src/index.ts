export * from './kafka/index.js';
export * from './real.js';
export { buildIncident } from './builders/incident.js';
export { buildViolation } from './builders/violation.js';
export * from './postgres/index.js';
