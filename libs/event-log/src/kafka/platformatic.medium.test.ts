import { describeReal, ownKafka } from '@tocsin/testing';
import { describeConformance } from '../conformance/conformance.js';
import { kafkaHarness } from '../conformance/kafka-harness.js';

describeReal('kafka', 'on a real broker', () => {
  describeConformance('Kafka through platformatic', kafkaHarness('platformatic', ownKafka, process.env['KAFKA_BROKERS'] === undefined));
});
