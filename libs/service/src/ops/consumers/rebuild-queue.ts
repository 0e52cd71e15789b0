import { z } from 'zod';
import { platformTenantId } from '@idp/contracts';
import { defineQueue, type Job, type QueueAddress, type QueueDefinition } from '@idp/jobs';
import type { OpsParts } from '../ops-parts.ts';

const payload = z.strictObject({
  consumer: z.string(),
  /** Absent for all tenants. */
  tenantId: z.string().optional(),
  actor: z.string(),
});
export type RebuildPayload = z.output<typeof payload>;

export const rebuildAddress: QueueAddress<RebuildPayload> = { name: 'ops-rebuild', payload };

const runMs = 900_000;

/** Makes a consumer begin anew, tenant by tenant. Doing it twice changes nothing. */
export function rebuildQueue(parts: OpsParts): QueueDefinition<RebuildPayload> {
  return defineQueue<RebuildPayload>({ ...rebuildAddress, timeoutMs: runMs, handler: (job) => run(parts, job) });
}

async function run(
  { database, events, tenants }: OpsParts,
  { payload: wish, signal }: Job<RebuildPayload>,
): Promise<void> {
  const { consumer, tenantId, actor } = wish;
  const rebuild = (id: string, request: boolean): Promise<void> =>
    database.tenant(id).write((tx) => events.consumers.rebuild(tx as never, consumer, { actor, request }), { signal });
  await events.consumers.setRebuilding(consumer, true, actor);
  if (tenantId === undefined) {
    const known = new Set([...(await tenants()), ...(await events.consumers.tenants())]);
    known.delete(platformTenantId);
    for (const id of known) await rebuild(id, false);
    // A request in the platform tenant is one for all tenants, also for those this service has never heard of.
    await rebuild(platformTenantId, true);
  } else {
    await rebuild(tenantId, true);
  }
  await events.consumers.setRebuilding(consumer, false, actor);
}
