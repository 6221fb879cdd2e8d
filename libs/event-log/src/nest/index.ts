export * from './event-log-server.js';
export * from './on-batch.js';
