import { ConfigError, csv, flag, integer, secret } from '@idp/config';
import { z } from 'zod';

/** Variables of the Kafka transport, for the schemas of hosts. */
export const kafkaVariables = {
  /** `host:port` of some brokers. With it events run on Kafka, without it on PostgreSQL. */
  KAFKA_BROKERS: csv().optional(),
  KAFKA_SSL: flag().default(false),
  /** PEM of the authority that signed the brokers' certificates; default: the ones Node.js knows. */
  KAFKA_SSL_CA: z.string().optional(),
  KAFKA_SASL_MECHANISM: z.enum(['scram-sha-512', 'scram-sha-256', 'plain']).optional(),
  KAFKA_SASL_USERNAME: z.string().optional(),
  KAFKA_SASL_PASSWORD: secret().optional(),
  /** How batches are stored. Default `zstd` in production, `none` elsewhere. */
  KAFKA_COMPRESSION: z.enum(['none', 'gzip', 'zstd']).optional(),
  /** Partitions a service works on at once. */
  EVENTS_PARTITIONS_CONCURRENT: integer({ min: 1, max: 64 }).default(4),
};

const variables = z.object({ ...kafkaVariables, NODE_ENV: z.enum(['production', 'development', 'test']) });

/** How the brokers are reached. */
export interface KafkaSettings {
  brokers: readonly string[];
  /** The same, taken apart. */
  endpoints: readonly { host: string; port: number }[];
  /** `ca` is PEM text. */
  ssl: boolean | { ca: string };
  sasl?: { mechanism: 'scram-sha-512' | 'scram-sha-256' | 'plain'; username: string; password: string };
  compression: 'none' | 'gzip' | 'zstd';
  partitionsConcurrent: number;
}

/**
 * Settings from the variables of a host; undefined without `KAFKA_BROKERS`. Throws ConfigError for a broker without port and
 * for a login that lacks one of its parts.
 */
export function kafkaSettings(values: z.output<typeof variables>): KafkaSettings | undefined {
  const { KAFKA_BROKERS: brokers, KAFKA_SSL_CA: ca, NODE_ENV: environment } = values;
  if (brokers === undefined || brokers.length === 0) return undefined;
  if (!brokers.every((broker) => /^[^\s:/]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i.test(broker))) {
    throw new ConfigError([{ name: 'KAFKA_BROKERS', message: 'must be host:port, separated by commas' }]);
  }
  const sasl = readLogin(values);
  return {
    brokers,
    endpoints: brokers.map(toEndpoint),
    ssl: ca === undefined ? values.KAFKA_SSL : { ca },
    ...(sasl !== undefined && { sasl }),
    compression: values.KAFKA_COMPRESSION ?? (environment === 'production' ? 'zstd' : 'none'),
    partitionsConcurrent: values.EVENTS_PARTITIONS_CONCURRENT,
  };
}

function toEndpoint(broker: string): { host: string; port: number } {
  const colon = broker.lastIndexOf(':');
  return { host: broker.slice(0, colon), port: Number(broker.slice(colon + 1)) };
}

function readLogin(values: z.output<typeof variables>): KafkaSettings['sasl'] {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = values;
  if (mechanism === undefined && username === undefined && password === undefined) return undefined;
  if (mechanism === undefined || username === undefined || password === undefined) {
    const names = ['KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'] as const;
    const missing = names.filter((name) => values[name] === undefined);
    throw new ConfigError(
      missing.map((name) => ({ name, message: 'is required with the other KAFKA_SASL variables' })),
    );
  }
  return { mechanism, username, password };
}
