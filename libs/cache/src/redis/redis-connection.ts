import { Redis, type RedisOptions } from 'ioredis';
import { createCircuit, type Circuit } from './circuit.ts';
import { RedisAwayError } from './redis-away.ts';
import { runScript, type Script } from './script.ts';
import { openSubscriber, type Subscriber } from './subscriber.ts';

export interface RedisConnectionOptions {
  /** `redis://` or `rediss://`, with credentials and database number where needed. */
  url: string;
  /** Put before every key and channel; two installations on one server need two. */
  keyPrefix?: string;
  /** How long an answer may take before callers go on without it, 50 ms. */
  timeoutMs?: number;
  /** Pause between two attempts to get an answer from a Redis that was away, 2 s. */
  retryMs?: number;
}

/** The connections of one process to Redis. What is stored there may be lost at any time: nothing depends on it. */
export interface RedisConnection extends AsyncDisposable {
  /** False from the moment Redis is known to be slow or away until it has answered again. */
  available(): boolean;
  /** Calls `listener` at every change of `available`; returns a function that ends it. */
  onChange(listener: (available: boolean) => void): () => void;
  /** Runs a script; rejects with RedisAwayError when Redis is away or slow, with ReplyError when it refuses. */
  script(script: Script, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown>;
  /** Runs commands; rejects as `script` does. */
  run<T>(commands: (redis: Redis) => Promise<T>): Promise<T>;
  /** Sends a message to every listener of a channel; lost without a word while Redis is away. */
  publish(channel: string, message: string): void;
  /** Listens on a channel, again after each reconnection; returns a function that ends it. */
  subscribe(channel: string, listener: (message: string) => void): () => void;
}

const firstConnectMs = 1_000;

/**
 * Connects to Redis and waits at most 1 s for it: a Redis that is away stops no start. Commands are never queued while it is
 * away and never sent twice. Three answers in a row later than `timeoutMs`, or a lost connection, make it unavailable; it is
 * asked again every `retryMs`.
 */
export async function connectRedis(options: RedisConnectionOptions): Promise<RedisConnection> {
  const { url, keyPrefix = '', timeoutMs = 50, retryMs = 2_000 } = options;
  const settings = {
    protocol: 2,
    keyPrefix,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: firstConnectMs,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), retryMs),
    // After a failover the old primary refuses writes: the next connection finds the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  } satisfies RedisOptions;
  const redis = new Redis(url, settings);
  const circuit = createCircuit({ redis, timeoutMs, retryMs });
  let subscriber: Subscriber | undefined;
  await firstAnswer(circuit);

  function run<T>(commands: (redis: Redis) => Promise<T>): Promise<T> {
    if (!circuit.closed()) return Promise.reject(new RedisAwayError('Redis is away or slow'));
    return circuit.ask(commands(redis));
  }

  return {
    available: () => circuit.closed(),
    onChange: (listener) => circuit.onChange(listener),
    run,
    script: (script, keys, values) => run((client) => runScript(client, script, keys, values)),
    publish(channel, message) {
      run((client) => client.publish(keyPrefix + channel, message)).catch(() => undefined);
    },
    subscribe(channel, listener) {
      subscriber ??= openSubscriber(
        new Redis(url, { ...settings, maxRetriesPerRequest: null, autoResubscribe: false }),
      );
      return subscriber.subscribe(keyPrefix + channel, listener);
    },
    async [Symbol.asyncDispose]() {
      circuit.end();
      subscriber?.end();
      redis.disconnect();
    },
  };
}

async function firstAnswer(circuit: Circuit): Promise<void> {
  if (circuit.closed()) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, firstConnectMs);
    const end = circuit.onChange(() => {
      clearTimeout(timer);
      end();
      resolve();
    });
  });
}
