import { ConfigError, loadConfig } from '@idp/config';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { kafkaSettings, kafkaVariables } from './settings.ts';

const schema = z.object({
  ...kafkaVariables,
  NODE_ENV: z.enum(['production', 'development', 'test']).default('development'),
});
const read = (env: Record<string, string>) => kafkaSettings(loadConfig(schema, env).values);

test('without brokers there is no Kafka', () => {
  expect(read({})).toBeUndefined();
  expect(read({ KAFKA_BROKERS: ' , ' })).toBeUndefined();
});

test('brokers alone are reached in the clear, and their addresses are known', () => {
  expect(read({ KAFKA_BROKERS: 'a:9092, [::1]:9093' })).toEqual({
    brokers: ['a:9092', '[::1]:9093'],
    endpoints: [
      { host: 'a', port: 9092 },
      { host: '[::1]', port: 9093 },
    ],
    ssl: false,
    compression: 'none',
    partitionsConcurrent: 4,
  });
});

test('a certificate authority means TLS, production means compression', () => {
  const env = { KAFKA_BROKERS: 'a:9092', NODE_ENV: 'production' };
  expect(read({ ...env, KAFKA_SSL_CA: 'pem' })).toMatchObject({ ssl: { ca: 'pem' }, compression: 'zstd' });
  expect(read({ ...env, KAFKA_SSL: 'true', KAFKA_COMPRESSION: 'gzip' })).toMatchObject({
    ssl: true,
    compression: 'gzip',
  });
});

test('a login has three parts', () => {
  const login = { KAFKA_SASL_MECHANISM: 'scram-sha-512', KAFKA_SASL_USERNAME: 'me', KAFKA_SASL_PASSWORD: 'secret' };
  expect(read({ KAFKA_BROKERS: 'a:9092', ...login })?.sasl).toEqual({
    mechanism: 'scram-sha-512',
    username: 'me',
    password: 'secret',
  });
  for (const name of Object.keys(login)) {
    expect(() => read({ KAFKA_BROKERS: 'a:9092', ...login, [name]: '' })).toThrow(
      new RegExp(`^.*${name}: is required`),
    );
  }
});

test.each(['a', 'a:port', 'http://a:9092', 'a:9092/path', 'a b:1'])('%s is no broker', (broker) => {
  expect(() => read({ KAFKA_BROKERS: `good:9092,${broker}` })).toThrow(ConfigError);
});
