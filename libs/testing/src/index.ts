export * from './kafka/index.js';
export * from './real.js';
export { buildIncident } from './builders/incident.js';
export { buildViolation } from './builders/violation.js';
export { type PostgresServer, freePort, startPostgres } from './postgres/postgres.js';
