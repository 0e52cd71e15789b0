import { testKafka } from '@idp/testing';
import { contractBrokers } from '../kafka/contract-brokers.ts';
import { transportContract } from '../transport-contract.ts';

const { brokers } = await testKafka();

transportContract('Kafka', () => contractBrokers(brokers));
