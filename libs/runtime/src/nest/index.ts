export * from './http.js';
export * from './problem.js';
export * from './service.js';
