export * from './action.js';
export * from './artefact.js';
export * from './command.js';
export * from './ids.js';
export * from './incident.js';
export * from './severity.js';
export * from './silence.js';
export * from './violation.js';
