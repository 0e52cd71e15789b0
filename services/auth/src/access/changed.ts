import type { Tx } from '@idp/database';
import type { AuthContext } from '../context.ts';
import { advanceAccessVersion } from '../store/memberships.ts';
import type { Tables } from '../store/tables.ts';

/** What a write has changed about who may do what in the tenant of its transaction. */
export interface AccessChange {
  /** Whose grants, memberships, teams or state have changed. */
  principals?: readonly { type: 'user' | 'team' | 'service-account'; id: string }[];
  /** Organizations, teams or projects came, went or moved in the tree. */
  scopes?: boolean;
  /** The tenant's own status or settings. */
  tenant?: boolean;
}

/**
 * Called inside the transaction by every write that changes what somebody may do: the tenant's access version grows, and
 * after the commit this process forgets what it knew; other processes notice within a second.
 */
export async function accessChanged(
  tx: Tx<Tables>,
  { access, clock }: Pick<AuthContext, 'access' | 'clock'>,
  { principals = [], scopes = false, tenant = false }: AccessChange,
): Promise<void> {
  await advanceAccessVersion(tx, clock());
  const users = principals.every(({ type }) => type === 'user');
  tx.afterCommit(() => {
    if (scopes || tenant || !users) access.forgetTenant(tx.tenantId);
    else for (const { id } of principals) access.forget(tx.tenantId, id);
  });
}
