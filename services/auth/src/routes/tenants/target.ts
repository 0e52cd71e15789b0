import type { Principal } from '@idp/auth';
import { platformTenantId } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { NotFoundError, PermissionError } from '@idp/errors';
import { id, principalOf } from '@idp/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import type { Tables } from '../../store/tables.ts';
import { findTenantRow, type TenantRow } from '../../store/tenants/tenant-rows.ts';

/** Path of one tenant. */
export const pathOfTenant = z.strictObject({
  id: z.union([z.literal('current'), id()]).meta({ description: '`current` is the tenant of the credential' }),
});

/** The tenant a caller may name: its own, or any for the people of the platform. 404 for the rest. */
export function tenantOf(principal: Pick<Principal, 'tenantId'>, asked: string): string {
  if (asked === 'current' || asked === principal.tenantId) return principal.tenantId;
  if (isOfPlatform(principal)) return asked;
  throw new NotFoundError('the tenant does not exist');
}

export function isOfPlatform({ tenantId }: Pick<Principal, 'tenantId'>): boolean {
  return tenantId === platformTenantId;
}

/** The caller, which must be one of the platform's people; 403. */
export function requirePlatform(request: FastifyRequest): Principal {
  const principal = principalOf(request);
  if (!isOfPlatform(principal)) throw new PermissionError('this is for the platform');
  return principal;
}

/** The tenant that is named to be stopped or closed; 403 for the platform itself. */
export function customerOf(principal: Principal, asked: string): string {
  const target = tenantOf(principal, asked);
  if (target === platformTenantId) throw new PermissionError('the platform itself cannot be stopped');
  return target;
}

/** Writes in the named tenant, which may be another than the caller's. */
export function writeInTenant<T>(
  ctx: Pick<AuthContext, 'database'>,
  request: FastifyRequest,
  tenantId: string,
  change: (tx: Tx<Tables>) => Promise<T>,
): Promise<T> {
  return ctx.database.tenant(tenantId).write(change, { global: true, signal: request.operation.signal });
}

/** The row of the named tenant; 404. */
export async function readTenant(
  ctx: Pick<AuthContext, 'database'>,
  request: FastifyRequest,
  asked: string,
): Promise<TenantRow> {
  const target = tenantOf(principalOf(request), asked);
  const { signal } = request.operation;
  const found = await ctx.database.tenant(target).read((tx) => findTenantRow(tx, target), { global: true, signal });
  if (found === undefined) throw new NotFoundError('the tenant does not exist');
  return found;
}
