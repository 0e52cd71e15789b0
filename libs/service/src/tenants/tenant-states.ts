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
  of(tenantId: string): Promise<TenantState>;
}

/** How long a process may go on as if nothing had happened. */
export const tenantStatesFreshMs = 2_000;

/** `closed` reads the tenants that are not active: few, so that one read answers for every tenant. Rejects with what it rejects with. */
export function createTenantStates(
  closed: () => Promise<readonly TenantOfService[]>,
  { freshMs = tenantStatesFreshMs } = {},
): TenantStates {
  let known: { at: number; states: Promise<ReadonlyMap<string, TenantState>> } | undefined;

  function read(): Promise<ReadonlyMap<string, TenantState>> {
    const now = performance.now();
    if (known !== undefined && now - known.at < freshMs) return known.states;
    const states = closed().then((tenants) => new Map(tenants.map(({ tenantId, state }) => [tenantId, state])));
    const reading = { at: now, states };
    known = reading;
    states.catch(() => {
      if (known === reading) known = undefined;
    });
    return states;
  }

  return { of: async (tenantId) => (await read()).get(tenantId) ?? 'active' };
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
        if ((await states.of(tx.tenantId)) !== 'deleted') await handle(tx, event, ctx);
      },
    };
  }
  return {
    ...consumer,
    async handleMany(tx, events, ctx) {
      if ((await states.of(tx.tenantId)) !== 'deleted') await handleMany(tx, events, ctx);
    },
  };
}
