import { testKafka } from '@idp/testing';
import { openKafkaProbe } from '../probe.ts';
import { failingKeys } from '../suites/failing-keys.ts';
import { missingTopic } from '../suites/missing-topic.ts';

const { brokers } = await testKafka();

failingKeys('Kafka', () => openKafkaProbe(brokers, 'reader.probe'));
missingTopic('Kafka', () => openKafkaProbe(brokers, 'reader.probe'));
