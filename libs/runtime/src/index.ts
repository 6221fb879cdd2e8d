export * from './bearer.js';
export * from './config.js';
export * from './health.js';
export * from './logger.js';
export * from './metrics.js';
export * from './open.js';
export * from './part.js';
export * from './runtime.js';
