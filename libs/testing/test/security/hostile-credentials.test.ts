import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { faultsOf, hostileItems } from '../../src/hostile/items.ts';
import type { HostileClass } from '../../src/hostile/items.ts';
import type { ItemResult } from '../../src/hostile/outcome.ts';
import { createHostileRun } from '../../src/hostile/runner.ts';
import type { HostileRun } from '../../src/hostile/runner.ts';
import { committedSkips, skipDifferences, skipsOf } from '../../src/hostile/skips.ts';
import type { Fixture } from '../../src/hostile/target.ts';
import { forgeToken } from '../../src/hostile/tokens/forge.ts';
import type { TokenKeys } from '../../src/hostile/tokens/keys.ts';
import { send } from '../../src/hostile/wire/client.ts';
import { startGatewayOf } from './gateway.ts';
import type { GatewayInFront } from './gateway.ts';
import { createPeople } from './people.ts';
import { startPlatform } from './platform.ts';
import type { Platform } from './platform.ts';
import { createPrincipals } from './principals.ts';
import type { Principals } from './principals.ts';
import { platformServices } from './services.ts';
import { createStage } from './stage.ts';
import { tokenKeysOf } from './token-keys.ts';

let platform: Platform;
let gateway: GatewayInFront;
let principals: Principals;
let tokenKeys: TokenKeys;
let fixture: Fixture;
let run: HostileRun;
let keyQuestions = 0;
let ahead = 0;
/** The time of the machine a story began at; undefined between stories. */
let held: number | undefined;
const now = () => (held ?? Date.now()) + ahead;
const clock = () => new Date(now());
const results: ItemResult[] = [];

beforeAll(async () => {
  countKeyQuestions();
  platform = await startPlatform(await platformServices(), { clock, publicUrl: 'https://idp.test' });
  gateway = await startGatewayOf(platform, clock);
  const tenants = [await createPeople(platform, 'A'), await createPeople(platform, 'B')];
  principals = await createPrincipals(platform, tenants, now);
  tokenKeys = await tokenKeysOf(platform);
  fixture = {
    names: principals.names,
    credentials: principals.credentials,
    arrangements: {},
    pathValues: () => undefined,
    logs: platform.logs,
    tokenKeys,
    keyQuestions: () => keyQuestions,
    secure: true,
    now,
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
});
afterAll(async () => {
  vi.restoreAllMocks();
  await gateway?.[Symbol.asyncDispose]();
  await platform?.[Symbol.asyncDispose]();
});

/** Statements of any service about API keys; people of these tests ask for theirs over HTTP. */
function countKeyQuestions(): void {
  // oxlint-disable-next-line typescript/unbound-method
  const query = pg.Client.prototype.query as (...parameters: unknown[]) => unknown;
  vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...parameters: unknown[]) {
    const [first] = parameters as [string | { text?: string }];
    const text = typeof first === 'string' ? first : first.text;
    if (text?.includes('api_key') === true) keyQuestions += 1;
    return query.apply(this, parameters);
  } as never);
}

function runs(name: HostileClass): void {
  // Those about Redis run where there is one.
  it.each(
    hostileItems(name)
      .filter((item) => faultsOf(item).length === 0)
      .map((item) => [item.id, item] as const),
  )('%s', { timeout: 120_000 }, async (_id, item) => {
    if (item.input.kind !== 'steps') await principals.renew(JSON.stringify(item));
    const result = await run.run(item);
    results.push(result);
    const found = result.outcomes.flatMap(({ place, deviations }) => deviations.map((each) => `${place}: ${each}`));
    expect(found).toEqual([]);
  });
}

describe('class tokens, at the service and through the gateway', () => {
  const places = () => [platform.targets.find(({ name }) => name === 'auth')!, gateway.target];
  const me = async (baseUrl: string, token: string) =>
    (await send(baseUrl, { method: 'GET', target: '/api/v1/auth/me', headers: { authorization: `Bearer ${token}` } }))
      .status;

  it('a token signed by the tests is as good as one of the platform', async () => {
    await principals.renew('«memberA.token»');
    const workshop = { keys: tokenKeys, names: principals.names, nowSeconds: now() / 1_000 };
    const token = forgeToken(principals.names('memberA.token')!, {}, workshop);
    for (const { baseUrl } of places()) expect(await me(baseUrl, token)).toBe(200);
  });

  it('a key is let in, and one with a good checksum is asked about', async () => {
    await principals.renew('«memberA.apiKey»');
    const before = keyQuestions;
    for (const { baseUrl } of places()) expect(await me(baseUrl, principals.names('memberA.apiKey')!)).toBe(200);
    expect(keyQuestions).toBeGreaterThan(before);
  });

  runs('tokens');
});

describe('class credentials, items of sessions and keys', () => {
  runs('credentials');
});

it('only the items of the committed list have been skipped, each for its reason', () => {
  const own = new Set(results.map(({ item }) => item.id));
  expect(skipDifferences(committedSkips(own), skipsOf(results))).toEqual([]);
});
