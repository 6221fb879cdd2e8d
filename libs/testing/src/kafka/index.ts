export { type KafkaBroker, type KafkaBrokerOptions, startKafka } from './broker.js';
export { sharedKafka, topicName } from './shared.js';
