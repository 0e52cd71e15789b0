import { openSharedState } from '@idp/service';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openLink, type Link } from '../../src/faults/index.ts';
import { faultsOf, hostileItems } from '../../src/hostile/items.ts';
import { createHostileRun } from '../../src/hostile/runner.ts';
import type { HostileRun } from '../../src/hostile/runner.ts';
import { testRedis } from '../../src/index.ts';
import { createPeople } from './people.ts';
import { startPlatform } from './platform.ts';
import type { Platform } from './platform.ts';
import { createPrincipals } from './principals.ts';
import { platformServices } from './services.ts';
import { createStage } from './stage.ts';

// Skips this file, or fails it, where there is no Redis.
const { url } = await testRedis();

const items = hostileItems('credentials').filter((item) => faultsOf(item).includes('redis'));
let link: Link;
let shared: Awaited<ReturnType<typeof openSharedState>>;
let platform: Platform;
let run: HostileRun;

beforeAll(async () => {
  const place = new URL(url);
  link = await openLink({ target: Number(place.port || 6379) });
  place.hostname = '127.0.0.1';
  place.port = String(link.port);
  shared = await openSharedState({ REDIS_URL: place.href });
  platform = await startPlatform(await platformServices(), { shared });
  const tenants = [await createPeople(platform, 'A'), await createPeople(platform, 'B')];
  const principals = await createPrincipals(platform, tenants, Date.now);
  const { names, credentials } = principals;
  const stage = createStage({ platform, tenants, principals, advance: () => undefined, links: { redis: link } });
  const fixture = { names, credentials, arrangements: {}, pathValues: () => undefined, stage };
  run = createHostileRun({ targets: platform.targets, fixture });
});
afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  await shared?.[Symbol.asyncDispose]();
  await link?.[Symbol.asyncDispose]();
});

it.each(items.map((item) => [item.id, item] as const))('%s', { timeout: 120_000 }, async (_id, item) => {
  await vi.waitUntil(() => shared.redis?.available() === true, { timeout: 60_000, interval: 20 });
  const lost = vi.fn();
  shared.redis?.onChange((available) => (available ? undefined : lost()));
  const { outcomes, skipped } = await run.run(item);
  expect(skipped).toBeUndefined();
  expect(outcomes.flatMap(({ place, deviations }) => deviations.map((each) => `${place}: ${each}`))).toEqual([]);
  // The platform had it, and noticed that it went.
  expect(lost).toHaveBeenCalled();
});
