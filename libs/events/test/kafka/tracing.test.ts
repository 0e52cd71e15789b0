import { testKafka } from '@idp/testing';
import { openKafkaProbe } from '../probe.ts';
import { traces } from '../suites/traces.ts';

const { brokers } = await testKafka();

traces('Kafka', () => openKafkaProbe(brokers, 'reader.probe'));
