export * from './deframe.js';
export * from './parse.js';
