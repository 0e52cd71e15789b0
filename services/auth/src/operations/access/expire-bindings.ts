import { timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { publish } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import type { AuthContext } from '../../context.ts';
import { deleteExpiredBindings } from '../../store/access/bindings.ts';
import type { Tables } from '../../store/tables.ts';
import { lockTenant } from '../../store/tenants.ts';
import { bindingState, heldData } from './binding-events.ts';

/** Shards are compiled once for so many. */
const atOnce = 500;

/**
 * Takes away bindings of the transaction's tenant that have come to their end: they count no more since that moment, now they leave
 * the snapshot as well. True where there may be more.
 */
export async function expireBindings(tx: Tx<Tables>, ctx: Pick<AuthContext, 'access' | 'clock'>): Promise<boolean> {
  // As every change of a binding does: whoever makes one last longer does so before this or finds it gone.
  await lockTenant(tx, tx.tenantId);
  const ended = await deleteExpiredBindings(tx, ctx.clock(), atOnce);
  if (ended.length === 0) return false;
  await accessChanged(tx, ctx, {
    principals: ended.map(({ principalType: type, principalId: id }) => ({ type, id })),
  });
  for (const binding of ended) {
    publish(tx, {
      type: 'idp.auth.v1.RoleExpired',
      aggregateId: binding.id,
      version: binding.version + 1,
      data: { ...heldData(binding), expiredAt: timestampFromDate(new Date(binding.expiresAt!)) },
    });
    tx.audit({
      action: 'auth:binding:expire',
      resourceType: 'role-binding',
      resourceId: binding.id,
      before: bindingState(binding),
    });
  }
  return ended.length === atOnce;
}
