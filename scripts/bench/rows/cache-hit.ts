import { createCaches } from '@idp/cache';
import { createTelemetry } from '@idp/telemetry';
import { cpuMicrosPerCall } from '../in-process.ts';
import type { Row } from '../row.ts';

const calls = 300_000;
const tenantId = '00000000-0000-7000-8000-000000000001';

/** Data §6 row 5: a value that lies in the memory of the process. */
export const cacheHit: Row = {
  name: 'cache-hit',
  suite: 'data',
  async run({ rounds }) {
    const { metrics, logger } = createTelemetry({ service: 'bench', version: '1', level: 'silent' });
    const cache = createCaches({ service: 'bench', metrics, logger, localSecondsMax: Number.POSITIVE_INFINITY })({
      name: 'bench',
      schema: { parse: (input) => input as { name: string } },
      schemaVersion: 1,
      ttlSeconds: 3_600,
      maxEntries: 1_000,
    });
    const key = cache.tenant(tenantId).key('service', 1);
    await cache.set(key, { name: 'value' });
    const load = () => Promise.reject(new Error('nothing is loaded here'));
    const get = await cpuMicrosPerCall(() => cache.get(key), { calls, rounds });
    const getOrLoad = await cpuMicrosPerCall(() => cache.getOrLoad(cache.tenant(tenantId).key('service', 1), load), {
      calls,
      rounds,
    });
    return {
      name: 'cache-hit',
      title: 'Cache hit in the memory of the process',
      figures: [],
      claims: [{ text: 'CPU of cache.get, as part of 1 µs', ratio: get, limit: 1, bound: 'at-most' }],
      notes: [`cache.get ${get.toFixed(2)} µs; making the key and cache.getOrLoad ${getOrLoad.toFixed(2)} µs of CPU`],
    };
  },
};
