export * from './codec.js';
export * from './dead-letters.js';
export * from './errors.js';
export * from './port.js';
export * from './topics.js';
