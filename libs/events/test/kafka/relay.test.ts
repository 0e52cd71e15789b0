import { testKafka } from '@idp/testing';
import { openKafkaProbe } from '../probe.ts';
import { dyingRelays } from '../suites/dying-relays.ts';

const { brokers } = await testKafka();

dyingRelays('Kafka', () => openKafkaProbe(brokers, 'reader.probe'));
