import { randomBytes } from 'node:crypto';
import { relative } from 'node:path';
import { findEnvoy, type EnvoyBinary } from '@idp/tools';
import { expect, inject } from 'vitest';
import { BackendMissingError } from '../backends/backend.ts';
import type { ServerAnswer, ServerKind } from './on-demand.ts';

export interface TestKafka {
  /** `host:port,…`, the value of `KAFKA_BROKERS`. */
  brokers: string;
}

export interface TestRedis {
  /** The value of `REDIS_URL`. */
  url: string;
  /** Start of every key and channel of this caller; another one at each call. */
  prefix: string;
}

/**
 * The Kafka of this run, started at the first call of any file and shared by all: topics and groups need names of their own.
 * Called at the top level of a test file (`const { brokers } = await testKafka()`), so that the whole file is skipped where
 * no Kafka can be had; with `kafka` in `REQUIRE_BACKENDS` the file fails.
 */
export async function testKafka(): Promise<TestKafka> {
  return { brokers: await addressOf('kafka') };
}

/** The Redis of this run, as `testKafka` gives Kafka. */
export async function testRedis(): Promise<TestRedis> {
  return { url: await addressOf('redis'), prefix: `test:${randomBytes(5).toString('hex')}:` };
}

/** An Envoy to run, as `testKafka` gives Kafka: every file starts its own. */
export async function testEnvoy(): Promise<EnvoyBinary> {
  return findEnvoy({ ENVOY_BINARY: await addressOf('envoy') });
}

async function addressOf(kind: ServerKind): Promise<string> {
  const url = inject('servers');
  if (!url)
    throw new Error('no servers in this vitest project: add libs/testing/src/global-setup.ts to its globalSetup');
  const file = relative(process.cwd(), expect.getState().testPath ?? 'unknown');
  const response = await fetch(`${url}/${kind}?file=${encodeURIComponent(file)}`);
  const answer = (await response.json()) as ServerAnswer;
  if ('address' in answer) return answer.address;
  if (answer.required) throw new Error(`REQUIRE_BACKENDS names ${kind}, and there is none: ${answer.missing}`);
  throw new BackendMissingError([answer.missing]);
}
