import type { PermissionManifest } from '@idp/auth';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostileItems } from '../../src/hostile/items.ts';
import { operationsOf } from '../../src/hostile/openapi/document.ts';
import type { ItemResult } from '../../src/hostile/outcome.ts';
import { createHostileRun } from '../../src/hostile/runner.ts';
import type { HostileRun } from '../../src/hostile/runner.ts';
import { committedSkips, skipDifferences, skipsOf } from '../../src/hostile/skips.ts';
import { prepareOperations } from '../../src/hostile/target.ts';
import type { Fixture } from '../../src/hostile/target.ts';
import { startGatewayOf } from './gateway.ts';
import type { GatewayInFront } from './gateway.ts';
import { startPlatform } from './platform.ts';
import type { Platform } from './platform.ts';
import { createPrincipals } from './principals.ts';
import { platformServices } from './services.ts';
import { createStage } from './stage.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

let platform: Platform;
let world: World;
let gateway: GatewayInFront;
let run: HostileRun;
let ahead = 0;
const now = () => Date.now() + ahead;
const clock = () => new Date(now());
const results: ItemResult[] = [];

beforeAll(async () => {
  const services = await platformServices();
  platform = await startPlatform(services, { clock });
  world = await createWorld(platform);
  gateway = await startGatewayOf(platform, clock);
  const tenants = [world.tenants.a, world.tenants.b];
  const principals = await createPrincipals(platform, tenants, now);
  const records = recordsOf(world.a.fixture);
  const permissions = Object.assign({}, ...services.map((service) => service.permissions)) as PermissionManifest;
  const fixture: Fixture = {
    ...world.a.fixture,
    names: (name) => records[name]?.() ?? principals.names(name),
    credentials: principals.credentials,
    now,
    lowestRole: (permission) => permissions[permission]?.role,
    sides: {
      a: prepareOperations(platform.targets, world.a.fixture),
      b: prepareOperations(platform.targets, world.b.fixture),
    },
    stage: createStage({ platform, tenants, principals, advance: (milliseconds) => (ahead += milliseconds) }),
  };
  run = createHostileRun({ targets: [...platform.targets, gateway.target], fixture });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await platform?.[Symbol.asyncDispose]();
});

/** Records of tenant A by the names of the data. */
function recordsOf({ pathValues }: Fixture): Readonly<Record<string, () => string | undefined>> {
  const operations = platform.targets.flatMap(({ document }) => operationsOf(document));
  const idIn = (path: string) => () => {
    const operation = operations.find((each) => each.method === 'GET' && each.path === path);
    return operation === undefined ? undefined : pathValues(['id'], operation)?.['id'];
  };
  return {
    'A.team': idIn('/api/v1/teams/{id}'),
    'A.project': idIn('/api/v1/auth/projects/{id}'),
    'A.role': idIn('/api/v1/auth/roles/{id}'),
    'A.service': idIn('/api/v1/services/{id}'),
    'A.audit': idIn('/api/v1/auth/audit-logs/{id}'),
  };
}

describe('class tenancy, over every operation and through the gateway', () => {
  const items = hostileItems('tenancy').map((item) => [item.id, item] as const);

  it.each(items)('%s', { timeout: 120_000 }, async (_id, item) => {
    const result = await run.run(item);
    results.push(result);
    const found = result.outcomes.flatMap(({ place, deviations }) => deviations.map((each) => `${place}: ${each}`));
    expect(found).toEqual([]);
  });
});

it('only the items of the committed list have been skipped, each for its reason', () => {
  const own = new Set(results.map(({ item }) => item.id));
  expect(skipDifferences(committedSkips(own), skipsOf(results))).toEqual([]);
});
