import { createHook, executionAsyncResource } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** Counts how often timers of this process fire, over some seconds, without the one that ends the counting. */
export async function timersPerSecond(seconds: number): Promise<number> {
  let fired = 0;
  const hook = createHook({
    before(id) {
      const resource = executionAsyncResource();
      // Promises that run inside a timer show its resource, too, under an id of their own.
      if (resource.constructor?.name === 'Timeout' && asyncIdOf(resource) === id) fired += 1;
    },
  });
  hook.enable();
  await sleep(seconds * 1_000);
  hook.disable();
  return (fired - 1) / seconds;
}

function asyncIdOf(resource: object): unknown {
  const symbol = Object.getOwnPropertySymbols(resource).find(({ description }) => description === 'asyncId');
  return symbol === undefined ? undefined : (resource as Record<symbol, unknown>)[symbol];
}
