import { vi } from 'vitest';
import { freshName } from '../../../src/hostile/openapi/sample.ts';
import { send } from '../../../src/hostile/wire/client.ts';
import type { Sighting } from '../../../src/hostile/kinds/event.ts';
import { patient } from './apart.ts';
import type { Scene } from './rights.ts';

/** Nothing is heard on the revocation lane for so long; what the process apart makes of reads and writes then. */
export async function silence(
  { apart, principals }: Scene,
  seconds: number,
  advance: (milliseconds: number) => void,
): Promise<Sighting['facts']> {
  await apart.recovered();
  await apart.links.bus.apply({ kind: 'cut' });
  advance(seconds * 1_000);
  const mode = async () => ((await apart.metric('authz_mode')) === 0 ? 'degraded' : 'normal');
  // A beat may have been read the moment before the cut, and be heard after the clock has moved.
  await vi.waitUntil(async () => {
    if ((await mode()) === 'degraded') return true;
    advance(seconds * 1_000);
    return false;
  }, patient);
  const ask = async (method: string, target: string, body?: object): Promise<number> => {
    const headers = { ...(await principals.credentials('ownerA')), 'content-type': 'application/json' };
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    return (await send(apart.baseUrl, { method, target, headers, ...json })).status;
  };
  const seen = {
    mode: await mode(),
    reads: await ask('GET', '/api/v1/services?limit=1'),
    writes: await ask('POST', '/api/v1/services', { name: freshName(), ownerRef: 'group:default/guests' }),
  };
  await apart.recovered();
  return seen;
}
