import { testKafka } from '@idp/testing';
import { openKafkaProbe } from '../probe.ts';
import { frozenProcesses } from '../suites/frozen-processes.ts';

const { brokers } = await testKafka();

frozenProcesses('Kafka', () => openKafkaProbe(brokers, 'reader.probe'));
