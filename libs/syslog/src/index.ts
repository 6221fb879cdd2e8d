export * from './deframe.js';
export * from './parse.js';
export * from './format.js';
export * from './format-3164.js';
export * from './frame.js';
