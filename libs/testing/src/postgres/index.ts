export { cutConnections, type TestDatabase } from './database.js';
export { type PostgresServer, type PostgresServerOptions, startPostgres } from './server.js';
export { testDatabase } from './shared.js';
