import type { PermissionManifest } from '@idp/auth';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostileItems, itemsOfGateways } from '../../src/hostile/items.ts';
import { operationsOf } from '../../src/hostile/openapi/document.ts';
import type { ItemResult } from '../../src/hostile/outcome.ts';
import { createHostileRun } from '../../src/hostile/runner.ts';
import type { HostileRun } from '../../src/hostile/runner.ts';
import { committedSkips, skipDifferences, skipsOf } from '../../src/hostile/skips.ts';
import { prepareOperations } from '../../src/hostile/target.ts';
import type { Fixture } from '../../src/hostile/target.ts';
import { createBus } from './bus/index.ts';
import type { Bus } from './bus/index.ts';
import { startGatewayOf } from './gateway.ts';
import type { GatewayInFront } from './gateway.ts';
import { startPlatform } from './platform.ts';
import type { Platform } from './platform.ts';
import { createPrincipals } from './principals.ts';
import { platformServices } from './services.ts';
import { createStage } from './stage.ts';
import { createWorkloads } from './workloads.ts';
import type { Workloads } from './workloads.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

let platform: Platform;
let world: World;
let gateway: GatewayInFront;
let limited: GatewayInFront;
let workloads: Workloads;
let bus: Bus;
let run: HostileRun;
/** Where the suites' own requests would be refused. */
let flooded: HostileRun;
let ahead = 0;
/** The time of the machine a story began at; undefined between stories. */
let held: number | undefined;
const now = () => (held ?? Date.now()) + ahead;
const clock = () => new Date(now());
const results: ItemResult[] = [];

beforeAll(async () => {
  const services = await platformServices();
  workloads = createWorkloads();
  platform = await startPlatform(services, { clock, env: { SERVICE_KEYS_FILE: workloads.keysFile } });
  world = await createWorld(platform);
  gateway = await startGatewayOf(platform, clock);
  limited = await startGatewayOf(platform, clock, { limited: true });
  const tenants = [world.tenants.a, world.tenants.b];
  const principals = await createPrincipals(platform, tenants, now, workloads);
  const records = { ...recordsOf('A', world.a.fixture), ...recordsOf('B', world.b.fixture) };
  const permissions = Object.assign({}, ...services.map((service) => service.permissions)) as PermissionManifest;
  bus = createBus({
    platform,
    principals,
    tenants,
    workloads,
    definition: services.find(({ name }) => name === 'catalog')!,
    advance: (milliseconds) => (ahead += milliseconds),
  });
  const fixture: Fixture = {
    ...world.a.fixture,
    bus,
    names: (name) => records[name]?.() ?? principals.names(name),
    credentials: principals.credentials,
    now,
    lowestRole: (permission) => permissions[permission]?.role,
    sides: {
      a: prepareOperations(platform.targets, world.a.fixture),
      b: prepareOperations(platform.targets, world.b.fixture),
    },
    stage: createStage({
      platform,
      tenants,
      principals,
      advance: (milliseconds) => (ahead += milliseconds),
      hold: () => (held = Date.now()),
      release: () => (held = undefined),
    }),
  };
  run = createHostileRun({ targets: [...platform.targets, gateway.target], fixture });
  flooded = createHostileRun({ targets: [limited.target], fixture });
});
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]();
  await limited?.[Symbol.asyncDispose]();
  await gateway?.[Symbol.asyncDispose]();
  await platform?.[Symbol.asyncDispose]();
  workloads?.[Symbol.dispose]();
});

/** Records of a tenant by the names of the data. */
function recordsOf(letter: 'A' | 'B', { pathValues }: Fixture): Readonly<Record<string, () => string | undefined>> {
  const operations = platform.targets.flatMap(({ document }) => operationsOf(document));
  const idIn = (path: string) => () => {
    const operation = operations.find((each) => each.method === 'GET' && each.path === path);
    return operation === undefined ? undefined : pathValues(['id'], operation)?.['id'];
  };
  return {
    [`${letter}.team`]: idIn('/api/v1/teams/{id}'),
    [`${letter}.project`]: idIn('/api/v1/auth/projects/{id}'),
    [`${letter}.role`]: idIn('/api/v1/auth/roles/{id}'),
    [`${letter}.service`]: idIn('/api/v1/services/{id}'),
    [`${letter}.audit`]: idIn('/api/v1/auth/audit-logs/{id}'),
  };
}

describe('class tenancy, over every operation and through the gateway', () => {
  const items = [...hostileItems('tenancy'), ...itemsOfGateways()].map((item) => [item.id, item] as const);

  it.each(items)('%s', { timeout: 120_000 }, async (_id, item) => {
    const result = await (item.input.kind === 'load' ? flooded : run).run(item);
    results.push(result);
    const found = result.outcomes.flatMap(({ place, deviations }) => deviations.map((each) => `${place}: ${each}`));
    expect(found).toEqual([]);
  });
});

it('only the items of the committed list have been skipped, each for its reason', () => {
  const own = new Set(results.map(({ item }) => item.id));
  expect(skipDifferences(committedSkips(own), skipsOf(results))).toEqual([]);
});
