import type { Logger } from '@idp/telemetry';
import kafkajs, { type Kafka } from 'kafkajs';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { KafkaSettings } from './settings.ts';

const { CompressionCodecs, CompressionTypes, logLevel } = kafkajs;

/** Longest time of one request; a longer one counts as not answered. */
export const requestTimeoutMs = 10_000;

/**
 * A client of the brokers for one service.
 * What kafkajs logs, ordinary rebalances as errors among it, is kept for debugging; failures reach us as errors and are
 * logged where they are handled.
 */
export function createKafkaClient(
  settings: Pick<KafkaSettings, 'brokers' | 'ssl' | 'sasl'>,
  service: string,
  logger: Logger,
): Kafka {
  const { brokers, ssl, sasl } = settings;
  registerZstd();
  return new kafkajs.Kafka({
    clientId: `idp-${service}`,
    brokers: [...brokers],
    ...(ssl !== false && { ssl: ssl === true ? true : { ca: [ssl.ca] } }),
    ...(sasl !== undefined && { sasl: loginOf(sasl) }),
    connectionTimeout: 3_000,
    authenticationTimeout: requestTimeoutMs,
    requestTimeout: requestTimeoutMs,
    // Of connecting and of looking up leaders and coordinators; producers and consumers have their own.
    retry: { retries: 2, initialRetryTime: 100, maxRetryTime: 500 },
    logLevel: logLevel.INFO,
    logCreator:
      () =>
      ({ namespace, log: { message, groupId, error } }) =>
        logger.debug({ component: `kafkajs ${namespace}`, group: groupId, reason: error }, message),
  });
}

function loginOf({ mechanism, username, password }: NonNullable<KafkaSettings['sasl']>) {
  // One object per mechanism: the types of kafkajs know no union.
  if (mechanism === 'plain') return { mechanism, username, password };
  return mechanism === 'scram-sha-256' ? { mechanism, username, password } : { mechanism, username, password };
}

/** kafkajs has a place for the codec but none of its own; Node.js has the algorithm. */
function registerZstd(): void {
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: async (encoder: { buffer: Buffer }) => zstdCompressSync(encoder.buffer),
    decompress: async (buffer: Buffer) => zstdDecompressSync(buffer),
  });
}
