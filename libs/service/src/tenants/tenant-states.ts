import type { Tx } from '@idp/database';
import { PermanentError, RetryLater, type AnyQueue } from '@idp/jobs';
import type { ConsumerDefinition } from '@idp/events';

/** What a service may do for a tenant: everything; nothing for now; nothing ever again. */
export type TenantState = 'active' | 'suspended' | 'deleted';

/** A tenant as a service knows it. */
export interface TenantOfService {
  tenantId: string;
  state: TenantState;
}

/** States of tenants, at most `freshMs` old. */
export interface TenantStates {
  /** What has to be read is read in `tx` where there is one: in a transaction nothing may wait for a second connection. */
  of(tenantId: string, tx?: Tx<unknown>): Promise<TenantState>;
}

/** Reads the tenants that are not active: few, so that one read answers for every tenant. */
export type ReadClosedTenants = (tx?: Tx<unknown>) => Promise<readonly TenantOfService[]>;

/** How long a process may go on as if nothing had happened. */
export const tenantStatesFreshMs = 2_000;

/** Rejects with what `closed` rejects with. */
export function createTenantStates(closed: ReadClosedTenants, { freshMs = tenantStatesFreshMs } = {}): TenantStates {
  let known = { at: Number.NEGATIVE_INFINITY, states: new Map<string, TenantState>() };

  return {
    async of(tenantId, tx) {
      const at = performance.now();
      if (at - known.at >= freshMs) {
        const tenants = await closed(tx);
        known = { at, states: new Map(tenants.map((tenant) => [tenant.tenantId, tenant.state])) };
      }
      return known.states.get(tenantId) ?? 'active';
    },
  };
}

/** How long a job of a suspended tenant waits before it is looked at again. */
const waitMs = 60_000;

/** The queue as suspended and deleted tenants see it: jobs of the former wait, those of the latter end. */
export function holdJobs(queue: AnyQueue, states: TenantStates): AnyQueue {
  return {
    ...queue,
    async handler(job) {
      const state = await states.of(job.tenantId);
      if (state === 'suspended') throw new RetryLater(waitMs, 'the tenant is suspended');
      if (state === 'deleted') throw new PermanentError('the tenant has been deleted');
      await queue.handler(job);
    },
  };
}

/** The consumer without the events of deleted tenants: what comes late must not bring back what was erased. */
export function ignoreDeleted(consumer: ConsumerDefinition, states: TenantStates): ConsumerDefinition {
  if (consumer.mode === 'instance') return consumer;
  const { handle, handleMany } = consumer;
  if (handle !== undefined) {
    return {
      ...consumer,
      async handle(tx, event, ctx) {
        if ((await states.of(tx.tenantId, tx)) !== 'deleted') await handle(tx, event, ctx);
      },
    };
  }
  return {
    ...consumer,
    async handleMany(tx, events, ctx) {
      if ((await states.of(tx.tenantId, tx)) !== 'deleted') await handleMany(tx, events, ctx);
    },
  };
}
