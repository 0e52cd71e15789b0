import type { Tx } from '@idp/database';
import { InvalidStateError, NotFoundError, ValidationError } from '@idp/errors';
import { accessChanged } from '../../access/changed.ts';
import type { AuthContext } from '../../context.ts';
import { mergePatch, tenantConfig, type TenantConfig } from '../../domain/tenant-config.ts';
import { updatedStamps } from '../../store/stamps.ts';
import type { Tables } from '../../store/tables.ts';
import { lockTenantRow, saveTenantRow, type TenantRow } from '../../store/tenants/tenant-rows.ts';
import { currentActor } from '../acting.ts';
import { announceTenant } from './tenant-events.ts';

export type TenantChangeContext = Pick<AuthContext, 'access' | 'clock' | 'revocations'>;

/** Called with the version before the change; throws to refuse (If-Match). */
type Precondition = (version: number) => void;

/** What a tenant is called and how it is served. */
export interface TenantDetails {
  name?: string | undefined;
  tier?: string | undefined;
  region?: string | null | undefined;
}

/** Renames a tenant or changes its tier or region. 404, 412, 409 `INVALID_STATE` for one that is being deleted. */
export async function updateTenant(
  tx: Tx<Tables>,
  ctx: TenantChangeContext,
  { change, precondition }: { change: TenantDetails; precondition: Precondition },
): Promise<TenantRow> {
  const before = await lockTenantOf(tx);
  precondition(before.version);
  requireOpen(before);
  const { name = before.name, tier = before.tier, region = before.region } = change;
  const now = ctx.clock();
  const after = await saveTenantRow(tx, tx.tenantId, { name, tier, region, ...updatedStamps(currentActor(), now) });
  announceTenant(tx, after, now);
  tx.audit({
    action: 'auth:tenant:update',
    resourceType: 'tenant',
    resourceId: after.id,
    before: { name: before.name, tier: before.tier, region: before.region },
    after: { name, tier, region },
  });
  return after;
}

/**
 * Lays a JSON merge patch over the settings. 404, 412, 400 where the result is not valid, 409 `INVALID_STATE` for one that is being deleted;
 * `admit` sees what was and what would be and throws to refuse.
 */
export async function configureTenant(
  tx: Tx<Tables>,
  ctx: TenantChangeContext,
  input: { patch: unknown; precondition: Precondition; admit(before: TenantConfig, after: TenantConfig): void },
): Promise<{ config: TenantConfig; configVersion: number }> {
  const before = await lockTenantOf(tx);
  input.precondition(before.configVersion);
  requireOpen(before);
  const merged = tenantConfig.safeParse(mergePatch(before.config, input.patch));
  if (!merged.success) {
    const issues = merged.error.issues.map(({ path, message }) => ({ path: ['body', ...path].join('.'), message }));
    throw new ValidationError('the settings are not valid', { issues });
  }
  input.admit(before.config, merged.data);
  const now = ctx.clock();
  const configVersion = before.configVersion + 1;
  const after = await saveTenantRow(tx, tx.tenantId, {
    config: JSON.stringify(merged.data),
    config_version: configVersion,
    ...updatedStamps(currentActor(), now),
  });
  await accessChanged(tx, ctx, { tenant: true });
  announceTenant(tx, after, now);
  tx.audit({
    action: 'auth:tenant:configure',
    resourceType: 'tenant',
    resourceId: after.id,
    before: { config: before.config },
    after: { config: merged.data },
  });
  return { config: merged.data, configVersion };
}

/** The tenant of the transaction, which nobody else changes before it ends; 404. */
export async function lockTenantOf(tx: Tx<Tables>): Promise<TenantRow> {
  const row = await lockTenantRow(tx, tx.tenantId);
  if (row === undefined) throw new NotFoundError('the tenant does not exist');
  return row;
}

function requireOpen({ status }: TenantRow): void {
  if (status !== 'active' && status !== 'suspended') throw new InvalidStateError(`the tenant is ${status}`);
}
