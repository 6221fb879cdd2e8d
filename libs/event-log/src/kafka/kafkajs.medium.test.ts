import { describeReal, ownKafka } from '@tocsin/testing';
import { describeConformance } from '../conformance/conformance.js';
import { kafkaHarness } from '../conformance/kafka-harness.js';

describeReal('kafka', 'on a real broker', () => {
  describeConformance('Kafka through kafkajs', kafkaHarness('kafkajs', ownKafka, process.env['KAFKA_BROKERS'] === undefined));
});
