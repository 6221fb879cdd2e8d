export * from './ids.js';
export * from './incident.js';
export * from './severity.js';
export * from './violation.js';
