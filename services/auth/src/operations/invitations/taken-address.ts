import type { Tx } from '@idp/database';
import { PermissionError } from '@idp/errors';
import { takesAddress } from '../../domain/tenant-config.ts';
import type { Tables } from '../../store/tables.ts';
import { findConfiguredTenant } from '../../store/tenants.ts';

/** 403 `SIGNUP_CLOSED` where the tenant takes addresses of other domains alone. */
export async function requireTakenAddress(tx: Tx<Tables>, email: string): Promise<void> {
  const { config = {} } = (await findConfiguredTenant(tx, tx.tenantId)) ?? {};
  if (takesAddress(config, email)) return;
  throw new PermissionError('the tenant takes addresses of other domains alone', { code: 'SIGNUP_CLOSED' });
}
