import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostileItems, itemsOfGateways } from '../../src/hostile/items.ts';
import type { HostileClass } from '../../src/hostile/items.ts';
import type { ItemResult } from '../../src/hostile/outcome.ts';
import { createHostileRun } from '../../src/hostile/runner.ts';
import type { HostileRun } from '../../src/hostile/runner.ts';
import { committedSkips, skipDifferences, skipsOf } from '../../src/hostile/skips.ts';
import { changedTables, tenantRows } from '../../src/isolation/rows.ts';
import type { TenantRows } from '../../src/isolation/rows.ts';
import { startPlatform } from './platform.ts';
import type { Platform } from './platform.ts';
import { platformServices } from './services.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

let platform: Platform;
let world: World;
let run: HostileRun;
let others: TenantRows;
const results: ItemResult[] = [];

beforeAll(async () => {
  platform = await startPlatform(await platformServices());
  world = await createWorld(platform);
  await platform.drain();
  others = await tenantRows(platform.database, world.b.tenantId);
  run = createHostileRun({ targets: platform.targets, fixture: world.a.fixture });
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

function runs(name: HostileClass): void {
  // Those of gateways run where there is one.
  const elsewhere = new Set(itemsOfGateways().map(({ id }) => id));
  const items = hostileItems(name).filter(({ id }) => !elsewhere.has(id));
  it.each(items.map((item) => [item.id, item] as const))('%s', { timeout: 120_000 }, async (_id, item) => {
    const result = await run.run(item);
    results.push(result);
    const found = result.outcomes.flatMap(({ place, deviations }) => deviations.map((each) => `${place}: ${each}`));
    expect(found).toEqual([]);
  });
}

describe('class strings over every operation', () => {
  runs('strings');

  it('has changed no row of the other tenant', async () => {
    await platform.drain();
    expect(changedTables(others, await tenantRows(platform.database, world.b.tenantId))).toEqual([]);
  });
});

describe('class http over every operation', () => {
  runs('http');
});

it('only the items of the committed list have been skipped, each for its reason', () => {
  const own = new Set(results.map(({ item }) => item.id));
  expect(skipDifferences(committedSkips(own), skipsOf(results))).toEqual([]);
});
