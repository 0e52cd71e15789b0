import type { Tx } from '@idp/database';
import { defineConsumer, type HandlerContext } from '@idp/events';
import { expect, test, vi } from 'vitest';
import { createTenantStates, ignoreDeleted } from './tenant-states.ts';

test('one read answers for all tenants until it is too old', async () => {
  vi.useFakeTimers();
  const closed = vi.fn(async () => [{ tenantId: 'gone', state: 'deleted' as const }]);
  const states = createTenantStates(closed, { freshMs: 2_000 });
  expect(await Promise.all(['gone', 'there', 'gone'].map((id) => states.of(id)))).toEqual([
    'deleted',
    'active',
    'deleted',
  ]);
  closed.mockClear();
  vi.advanceTimersByTime(1_999);
  await states.of('there');
  expect(closed).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  closed.mockResolvedValueOnce([]);
  expect(await states.of('gone')).toBe('active');
  vi.useRealTimers();
});

test('a read that failed is made again', async () => {
  const closed = vi.fn().mockRejectedValueOnce(new Error('gone away')).mockResolvedValueOnce([]);
  const states = createTenantStates(closed);
  await expect(states.of('there')).rejects.toThrow('gone away');
  expect(await states.of('there')).toBe('active');
});

test('events of deleted tenants end; their state is read in the transaction of the event', async () => {
  const [gone, there] = ['gone', 'there'].map((tenantId) => ({ tenantId }) as Tx<unknown>);
  const closed = vi.fn(async () => [{ tenantId: 'gone', state: 'deleted' as const }]);
  const handle = vi.fn();
  const consumer = ignoreDeleted(
    defineConsumer({ name: 'catalog.tenants', types: ['idp.auth.v1.TenantCreated'], ordering: 'latest', handle }),
    createTenantStates(closed, { freshMs: 0 }),
  );
  for (const tx of [gone, there]) await consumer.handle!(tx as never, {} as never, {} as HandlerContext);
  expect(handle.mock.calls.map(([tx]) => tx as unknown)).toEqual([there]);
  expect(closed.mock.calls).toEqual([[gone], [there]]);
});
