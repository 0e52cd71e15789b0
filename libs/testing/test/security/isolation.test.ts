import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deadLettersOf, forgeForeignRecords, readersOf } from '../../src/isolation/foreign-events.ts';
import { injectionFindings } from '../../src/isolation/injection.ts';
import { replay } from '../../src/isolation/replay.ts';
import { changedTables, tablesHolding, tenantRows } from '../../src/isolation/rows.ts';
import { catalogFindings, contextFindings, crossTenantFindings } from '../../src/isolation/wall.ts';
import { operationsOf } from '../../src/hostile/openapi/document.ts';
import { startPlatform } from './platform.ts';
import type { Platform } from './platform.ts';
import { platformServices } from './services.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

let platform: Platform;
let world: World;

beforeAll(async () => {
  platform = await startPlatform(await platformServices());
  world = await createWorld(platform);
  await platform.drain();
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

describe('two tenants on the whole platform', () => {
  it('have a wall in the catalogue, in the rows, and without a context', async () => {
    const tenants = { owner: world.a.tenantId, intruder: world.b.tenantId };
    expect(await catalogFindings(platform.database)).toEqual([]);
    expect(await contextFindings(platform.database)).toEqual([]);
    expect(await crossTenantFindings(platform.database, tenants)).toEqual([]);
  });

  it(
    'answer a foreign id in every place of every operation as one that exists nowhere',
    // Every operation with an id, hundreds of ids each.
    { timeout: 600_000 },
    async () => {
      const before = await tenantRows(platform.database, world.a.tenantId);
      const result = await replay(world);
      await platform.drain();
      expect(result.findings).toEqual([]);
      expect(result.values.length).toBeGreaterThan(10);
      const all = platform.targets.flatMap((target) => operationsOf(target.document)).map((operation) => operation.id);
      const possible = all.filter((id) => world.a.fixture.arrangements[id]?.impossible === undefined);
      expect(result.operations.toSorted()).toEqual(possible.toSorted());
      expect(changedTables(before, await tenantRows(platform.database, world.a.tenantId))).toEqual([]);
      expect(await tablesHolding(platform.database, world.b.tenantId, world.a.canary)).toEqual([]);
      const linesOfB = platform
        .logs()
        .split('\n')
        .filter((line) => line.includes(world.b.tenantId));
      expect(linesOfB.length).toBeGreaterThan(100);
      expect(linesOfB.filter((line) => line.includes(world.a.canary))).toEqual([]);
    },
  );

  it('are not reached by hostile sort, filter, cursor and key texts', { timeout: 600_000 }, async () => {
    const { requests, findings } = await injectionFindings(world);
    expect(findings).toEqual([]);
    expect(requests).toBeGreaterThan(100);
  });

  it('keep an event that names both of them away from either', async () => {
    const before = [
      await tenantRows(platform.database, world.a.tenantId),
      await tenantRows(platform.database, world.b.tenantId),
    ];
    const forged = await forgeForeignRecords(platform.database, { a: world.a.tenantId, b: world.b.tenantId });
    expect(forged.length).toBeGreaterThan(1);
    await platform.drain();
    const letters = await deadLettersOf(
      platform.database,
      forged.map((record) => record.eventId),
    );
    const readers = await readersOf(
      platform.database,
      forged.map((record) => record.topic),
    );
    expect(letters).toHaveLength(readers * 2);
    expect(new Set(letters.map((letter) => letter.code))).toEqual(new Set(['TENANT_MISMATCH']));
    const after = [
      await tenantRows(platform.database, world.a.tenantId),
      await tenantRows(platform.database, world.b.tenantId),
    ];
    expect(before.map((rows, index) => changedTables(rows, after[index] ?? new Map()))).toEqual([[], []]);
  });
});
