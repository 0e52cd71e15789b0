import { platformTenantId } from '@idp/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { demoRoutes } from './demo-routes.ts';
import { startKernel, testAccess, userA, type Kernel } from './kernel.ts';

let kernel: Kernel;
let asService: (name: string, claims?: Record<string, unknown>) => Promise<string>;

beforeAll(async () => {
  testAccess.place(platformTenantId, { services: [{ id: 'service:reader', permissions: ['demo:thing:read'] }] });
  kernel = await startKernel([demoRoutes]);
  const service = { sty: 'service', sid: undefined, ep: undefined, aud: 'idp:demo' };
  asService = (name, claims) => kernel.tokenOf('member', { ...service, sub: `service:${name}`, ...claims });
});
afterAll(() => kernel[Symbol.asyncDispose]());

async function call(method: string, workload: string | undefined, claims: Record<string, unknown> = {}) {
  const answer = await fetch(`${kernel.origin}/api/v1/things/0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b`, {
    method,
    headers: {
      authorization: `Bearer ${await kernel.tokenOf('member', claims)}`,
      ...(workload !== undefined && { 'x-workload-authorization': workload }),
    },
  });
  const { error } = (await answer.json().catch(() => ({}))) as { error?: { code: string } };
  return [answer.status, error?.code];
}

test('whoever is called through a service may do what both may', async () => {
  expect(await call('GET', undefined)).toEqual([200, undefined]);
  expect(await call('DELETE', undefined)).toEqual([204, undefined]);
  const reader = `Bearer ${await asService('reader')}`;
  expect(await call('GET', reader)).toEqual([200, undefined]);
  expect(await call('DELETE', reader)).toEqual([403, 'PERMISSION_DENIED']);
  const stranger = `Bearer ${await asService('stranger')}`;
  expect(await call('GET', stranger)).toEqual([403, 'PERMISSION_DENIED']);
});

test('what proves no service is refused, however good the caller is', async () => {
  const reader = await asService('reader');
  const bad = [
    'Bearer nonsense',
    reader,
    `Bearer ${reader}, Bearer ${reader}`,
    `Bearer ${await asService('reader', { aud: 'idp:auth' })}`,
    `Bearer ${await asService('reader', { sub: userA })}`,
    `Bearer ${await kernel.tokenOf('member')}`,
  ];
  for (const workload of bad) expect(await call('GET', workload)).toEqual([401, 'INVALID_TOKEN']);
});

test('a token that acts for one service is not taken from another', async () => {
  const reader = `Bearer ${await asService('reader')}`;
  expect(await call('GET', reader, { act: { sub: 'service:reader' } })).toEqual([200, undefined]);
  expect(await call('GET', reader, { act: { sub: 'service:other' } })).toEqual([401, 'INVALID_TOKEN']);
});
