import { testKafka } from '@idp/testing';
import { openKafkaProbe } from '../probe.ts';
import { killedProcesses } from '../suites/killed-processes.ts';

const { brokers } = await testKafka();

killedProcesses('Kafka', () => openKafkaProbe(brokers, 'reader.probe'));
