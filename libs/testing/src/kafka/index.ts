export { type KafkaBroker, type KafkaBrokerOptions, startKafka } from './broker.js';
export { ownKafka, sharedKafka, topicName } from './shared.js';
