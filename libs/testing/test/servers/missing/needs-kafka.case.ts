import { testKafka } from '@idp/testing';
import { expect, test } from 'vitest';

const kafka = await testKafka();

test('has a broker', () => {
  expect(kafka.brokers).not.toBe('');
});
