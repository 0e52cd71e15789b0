import { decide, type AccessPort, type Decision, type DecisionRequest } from '@idp/auth';
import { platformTenantId } from '@idp/contracts';
import type { AuthContext } from '../context.ts';
import { currentWorld, loadTenant } from './world.ts';

type Ctx = Pick<AuthContext, 'access' | 'clock' | 'database'>;

/** What the services of this process decide by: the snapshot every change goes into with its commit. */
export function accessPort(ctx: Ctx): AccessPort {
  const { store, onAdvanced } = ctx.access.snapshot;
  return {
    world: (tenantId) => store.world(tenantId),
    hasOrigin: (origin) => store.hasOrigin(origin),
    onAdvanced,
    check: (request) => decideNow(ctx, request),
    async load(tenantId) {
      await Promise.all([...new Set([platformTenantId, tenantId])].map((id) => loadTenant(ctx, id)));
    },
  };
}

/** Decides by what the database has committed, whatever this process knows. */
export async function decideNow(ctx: Ctx, request: DecisionRequest): Promise<Decision> {
  const world = await currentWorld(ctx, request.principal.tenantId);
  if (world === undefined) return { allowed: false, reason: 'foreign-tenant', version: 0 };
  return decide(world, request, ctx.clock().getTime());
}
