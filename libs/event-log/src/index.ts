export * from './codec.js';
export * from './dead-letters.js';
export * from './directed.js';
export * from './errors.js';
export * from './port.js';
export * from './topics.js';
export { openEmbeddedLog, type EmbeddedLogOptions } from './embedded/embedded.js';
export { partitionOf } from './partitioner.js';
export { type KafkaLogOptions, openKafkaLog } from './kafka/driver.js';
