import { timestampFromDate, type TenantStatus as EventStatus } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { InvalidStateError, UnprocessableError } from '@idp/errors';
import { publish } from '@idp/events';
import { accessChanged } from '../../access/changed.ts';
import { restoreDays } from '../../domain/tenant-lifecycle.ts';
import type { TenantStatus } from '../../domain/states.ts';
import { updatedStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { saveTenantRow, type TenantRow } from '../../store/tenants/tenant-rows.ts';
import { currentActor } from '../acting.ts';
import { lockTenantOf, type TenantChangeContext as Ctx } from './change-tenant.ts';
import { eventStatus } from './tenant-events.ts';

interface Step {
  action: string;
  from: readonly TenantStatus[];
  to: TenantStatus;
  reason?: string;
  /** Throws to refuse. */
  admit?(before: TenantRow): void;
  /** Column of the time the data may be erased at. */
  deleteAfter?: Date | null;
  /** Publishes what has happened. */
  tell(change: Change): void;
}

interface Change {
  about: { aggregateId: string; version: number };
  /** What every event of a tenant says. */
  facts: { slug: string; name: string; status: EventStatus };
  now: ReturnType<typeof timestampFromDate>;
}

/** Nobody works in the tenant until it is resumed. 404, 409 `INVALID_STATE`. */
export function suspendTenant(tx: Tx<Tables>, ctx: Ctx, { reason }: { reason: string }): Promise<TenantRow> {
  return takeStep(tx, ctx, {
    action: 'suspend',
    from: ['active'],
    to: 'suspended',
    reason,
    tell: ({ about, facts, now }) =>
      publish(tx, { type: 'idp.auth.v1.TenantSuspended', ...about, data: { ...facts, reason, suspendedAt: now } }),
  });
}

/** A suspended tenant works again. 404, 409 `INVALID_STATE`. */
export function resumeTenant(tx: Tx<Tables>, ctx: Ctx, { reason }: { reason: string }): Promise<TenantRow> {
  return takeStep(tx, ctx, {
    action: 'resume',
    from: ['suspended'],
    to: 'active',
    reason,
    tell: ({ about, facts, now }) =>
      publish(tx, { type: 'idp.auth.v1.TenantResumed', ...about, data: { ...facts, resumedAt: now } }),
  });
}

/**
 * Closes a tenant; 30 days later its data is erased everywhere, unless it was restored. 404, 409 `INVALID_STATE`, 422
 * `REFERENCE_INVALID` where the typed slug is not its own.
 */
export function deleteTenant(tx: Tx<Tables>, ctx: Ctx, { slug }: { slug: string }): Promise<TenantRow> {
  const deleteAfter = new Date(ctx.clock().getTime() + restoreDays * 86_400_000);
  return takeStep(tx, ctx, {
    action: 'delete',
    from: ['active', 'suspended'],
    to: 'deleting',
    deleteAfter,
    admit(tenant) {
      if (tenant.slug === slug) return;
      throw new UnprocessableError('the slug is not that of the tenant', {
        code: 'REFERENCE_INVALID',
        details: { field: 'slug' },
      });
    },
    tell({ about, facts, now }) {
      const data = { ...facts, deleteAfter: timestampFromDate(deleteAfter), scheduledAt: now };
      publish(tx, { type: 'idp.auth.v1.TenantDeletionScheduled', ...about, data });
    },
  });
}

/** A tenant that was to be deleted works again. 404, 409 `INVALID_STATE`, also once its data is being erased. */
export function restoreTenant(tx: Tx<Tables>, ctx: Ctx, { reason }: { reason: string }): Promise<TenantRow> {
  return takeStep(tx, ctx, {
    action: 'restore',
    from: ['deleting'],
    to: 'active',
    reason,
    deleteAfter: null,
    tell: ({ about, facts, now }) =>
      publish(tx, { type: 'idp.auth.v1.TenantRestored', ...about, data: { ...facts, restoredAt: now } }),
  });
}

async function takeStep(tx: Tx<Tables>, ctx: Ctx, step: Step): Promise<TenantRow> {
  const before = await lockTenantOf(tx);
  const { action, from, to, reason, deleteAfter } = step;
  step.admit?.(before);
  if (!from.includes(before.status)) throw new InvalidStateError(`the tenant is ${before.status}`);
  const now = ctx.clock();
  const after = await saveTenantRow(tx, tx.tenantId, {
    status: to,
    ...(deleteAfter !== undefined && { delete_after: deleteAfter?.toISOString() ?? null }),
    ...updatedStamps(currentActor(), now),
  });
  const access = await accessChanged(tx, ctx, { tenant: true });
  // While a tenant is suspended its members' tokens are refused by its status: they are good again when it is resumed.
  if (to === 'deleting') ctx.revocations.revoke(tx, { kind: 'tenant', id: after.id, version: access });
  const { id, slug, name, version } = after;
  const facts = { slug, name, status: eventStatus(to) };
  step.tell({ about: { aggregateId: id, version }, facts, now: timestampFromDate(now) });
  tx.audit({
    action: `auth:tenant:${action}`,
    resourceType: 'tenant',
    resourceId: id,
    before: { status: before.status, deleteAfter: before.deleteAfter },
    after: { status: to, deleteAfter: after.deleteAfter },
    ...(reason !== undefined && reason !== '' && { reason }),
  });
  return after;
}
