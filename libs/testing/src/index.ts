export * from './kafka/index.js';
export * from './real.js';
