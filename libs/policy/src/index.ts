export * from './cel.js';
export * from './kinds/correlation-rule.js';
export * from './kinds/document-kind.js';
export * from './kinds/subscription.js';
export * from './policies.js';
