import { afterAll, beforeAll, expect, it } from 'vitest';
import { outgoing, prepareOperations } from '../../src/hostile/target.ts';
import { send } from '../../src/hostile/wire/client.ts';
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
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

// One request of each operation, and what they need made before.
it('every operation has a valid request, from which the suites start', { timeout: 300_000 }, async () => {
  const wrong: string[] = [];
  for (const prepared of prepareOperations(platform.targets, world.a.fixture)) {
    const request = await prepared.request();
    const json = request.body === undefined ? undefined : JSON.stringify(request.body);
    const answer = await send(prepared.target.baseUrl, await outgoing(prepared, request, json));
    const declared = prepared.operation.statuses.filter((status) => status.startsWith('2'));
    if (!declared.includes(String(answer.status)))
      wrong.push(`${prepared.operation.id}: ${answer.status} ${answer.body.slice(0, 200)}`);
  }
  expect(wrong).toEqual([]);
});
