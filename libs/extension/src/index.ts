export * from './config-error.js';
export * from './extension.js';
export * from './nearest.js';
export * from './secret.js';
export * from './values.js';
export * from './yaml.js';
export * from './zod-issues.js';
