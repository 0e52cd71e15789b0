import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectRedis,
  createLimiter,
  createMemoryLimits,
  createRedisLimits,
  defineRatePolicy,
  type RedisConnection,
} from '@idp/cache';
import { createTelemetry, type Metrics } from '@idp/telemetry';
import { startRedis } from '@idp/tools';
import { callsPerSecond, cpuMicrosPerCall, median } from '../in-process.ts';
import type { Row } from '../row.ts';

const inFlight = 64;
const calls = 30_000;

/** The usual simple limiter: one counter a key that starts again every minute. */
const fixedWindow = `
local counts = {}
for i, key in ipairs(KEYS) do
  counts[i] = redis.call('INCR', key)
  if counts[i] == 1 then redis.call('PEXPIRE', key, ARGV[1]) end
end
return counts`;

const charges = ['user', 'tenant', 'route'].map((name) => ({
  policy: defineRatePolicy({ name, limit: 1_000_000, periodSeconds: 3_600, burst: 1_000_000 }),
  key: '00000000-0000-7000-8000-000000000001',
}));
const keys = charges.map(({ policy, key }) => `idp:rl:{bench}:${policy.name}-window:${key}`);

type Call = () => Promise<unknown>;

/** `consume` and what it costs without us: the same script with the same arguments, given to the client below our connection. */
async function callsOn(redis: RedisConnection, metrics: Metrics): Promise<Record<'ours' | 'bare' | 'window', Call>> {
  let last: Parameters<RedisConnection['script']> | undefined;
  const watched: RedisConnection = {
    ...redis,
    script(...call) {
      last = call;
      return redis.script(...call);
    },
  };
  const limiter = createLimiter({ store: createRedisLimits({ redis: watched }), metrics });
  const ours = () => limiter.consume('bench', charges);
  await ours();
  const [script, scriptKeys, values] = last!;
  return redis.run(async (client) => {
    const window = (await client.script('LOAD', fixedWindow)) as string;
    return {
      ours,
      bare: () => client.evalsha(script.sha, scriptKeys.length, ...scriptKeys, ...values),
      window: () => client.evalsha(window, keys.length, ...keys, 60_000),
    };
  });
}

/** Data §6 row 6: one decision over three policies. */
export const rateLimit: Row = {
  name: 'rate-limit',
  suite: 'data',
  async run({ rounds }) {
    const directory = await mkdtemp(join(tmpdir(), 'idp-bench-redis-'));
    const server = await startRedis({ directory });
    const redis = await connectRedis({ url: server.url, timeoutMs: 5_000 });
    const { metrics } = createTelemetry({ service: 'bench', version: '1', level: 'silent' });
    const sides = await callsOn(redis, metrics);
    const rates: Record<keyof typeof sides, number>[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const rate = {
        bare: await callsPerSecond(sides.bare, { calls, inFlight }),
        ours: await callsPerSecond(sides.ours, { calls, inFlight }),
        window: await callsPerSecond(sides.window, { calls, inFlight }),
      };
      if (round > 0) rates.push(rate);
    }
    const memory = createLimiter({ store: createMemoryLimits(), metrics });
    const cpu = await cpuMicrosPerCall(() => memory.consume('bench', charges), { calls: 200_000, rounds });
    await redis[Symbol.asyncDispose]();
    await server.stop();
    await rm(directory, { recursive: true });
    const rateOf = (side: keyof typeof sides): string => Math.round(median(rates.map((rate) => rate[side]))).toString();
    return {
      name: 'rate-limit',
      title: 'A decision over three rate policies',
      figures: [],
      claims: [
        {
          text: 'calls/s on Redis against the bare EVALSHA of the same script',
          ratio: median(rates.map(({ ours, bare }) => ours / bare)),
          limit: 0.7,
          bound: 'at-least',
        },
        { text: 'CPU in memory, as part of 3 µs', ratio: cpu / 3, limit: 1, bound: 'at-most' },
      ],
      notes: [
        `on Redis ${server.version}: bare ${rateOf('bare')} calls/s, consume ${rateOf('ours')}; a fixed window in three counters ${rateOf('window')}; ${inFlight} in flight`,
        `in memory ${cpu.toFixed(2)} µs of CPU`,
      ],
    };
  },
};
