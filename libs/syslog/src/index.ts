export * from './deframe.js';
export * from './parse.js';
export * from './format.js';
export * from './frame.js';
