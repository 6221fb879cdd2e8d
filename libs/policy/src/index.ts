export * from './cel/fields.js';
export * from './cel/filter-error.js';
export { compileFilter, type EventVariable, type Filter } from './cel/filter.js';
export * from './cel/required-equals.js';
export * from './kinds/correlation-rule.js';
export * from './kinds/document-kind.js';
export * from './kinds/subscription.js';
export * from './policies.js';
