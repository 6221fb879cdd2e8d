export * from './event-log-server.js';
