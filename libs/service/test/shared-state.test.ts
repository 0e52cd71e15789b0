import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createWakeSignal, type WakeSignal } from '@idp/events';
import { testRedis } from '@idp/testing';
import { startRedis, type RedisServer } from '@idp/tools';
import { logRedis, openSharedState, redisEndpoints, shareWakeSignal } from '../src/index.ts';

// Skips this file, or fails it, where there is no Redis. The server here is its own, to be killed.
await testRedis();

const waiting = { timeout: 15_000, interval: 20 };
let directory: string;
let server: RedisServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-shared-'));
  server = await startRedis({ directory });
});
afterAll(async () => {
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

function counting(wake: WakeSignal, channel: string): () => number {
  let heard = 0;
  wake.listen(channel, () => void (heard += 1));
  return () => heard;
}

test('a wake-up in one process reaches the other, and its own listeners once', async () => {
  await using one = await openSharedState({ REDIS_URL: server.url });
  await using two = await openSharedState({ REDIS_URL: server.url });
  const [here, there] = [one, two].map((state) => shareWakeSignal(createWakeSignal(), state)) as [
    WakeSignal,
    WakeSignal,
  ];
  const [own, foreign, other] = [counting(here, 'a'), counting(there, 'a'), counting(there, 'b')];
  let sent = 0;
  await vi.waitFor(() => {
    here.notify('a');
    sent += 1;
    expect(foreign()).toBeGreaterThan(0);
  }, waiting);
  expect(own()).toBe(sent);
  expect(other()).toBe(0);
  // The message about `b` comes after all those about `a`: none of them came back.
  await vi.waitFor(() => {
    there.notify('b');
    here.notify('b');
    expect(other()).toBeGreaterThan(0);
  }, waiting);
  expect(own()).toBe(sent);
});

test('without Redis the signal of the process stays as it is', async () => {
  await using state = await openSharedState({});
  const wake = createWakeSignal();
  expect(shareWakeSignal(wake, state)).toBe(wake);
  expect(redisEndpoints({})).toEqual([]);
});

test('the address of Redis is one that no typed URL may reach', () => {
  expect(redisEndpoints({ REDIS_URL: 'rediss://user:secret@cache.internal/3' })).toEqual([
    { host: 'cache.internal', port: 6379 },
  ]);
  expect(redisEndpoints({ REDIS_URL: server.url })).toEqual([
    { host: '127.0.0.1', port: Number(new URL(server.url).port) },
  ]);
});

test('Redis that goes and comes back is one line each', async () => {
  await using state = await openSharedState({ REDIS_URL: server.url });
  const [info, warn] = [vi.fn(), vi.fn()];
  logRedis(state, { info, warn });
  expect(warn).not.toHaveBeenCalled();
  await server.kill();
  await vi.waitFor(() => expect(warn).toHaveBeenCalledOnce(), waiting);
  await server.start();
  await vi.waitFor(() => expect(info).toHaveBeenCalledOnce(), waiting);
  expect(warn).toHaveBeenCalledOnce();
});
