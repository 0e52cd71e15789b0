import type { Tx } from '@idp/database';
import { PermissionError } from '@idp/errors';
import { stepUpRequired } from '@idp/service';
import { listHeldRoles } from '../access/held-roles.ts';
import { demandOf, shortfallOf, type SignedIn, type SignInDemand } from '../domain/sign-in-demand.ts';
import type { TenantConfig } from '../domain/tenant-config.ts';
import { coversRole } from '../domain/tenant-roles.ts';
import type { Tables } from '../store/tables.ts';

/** Somebody who is to be let into the transaction's tenant. */
export interface Entering {
  userId: string;
  config: TenantConfig;
  /** What is asked of this member alone. */
  member: { mfaRequired: boolean };
  session: SignedIn;
  /** Longest time since the person proved who they are, in seconds. */
  maxAgeSeconds: number;
  now: Date;
}

/** 403 `SSO_REQUIRED` or `STEP_UP_REQUIRED` where the tenant asks for another way of signing in than this one (auth §3.2). */
export async function requireSignIn(tx: Tx<Tables>, entering: Entering): Promise<void> {
  const { userId, config, member, session, maxAgeSeconds, now } = entering;
  const principal = { type: 'user', id: userId, tenantId: tx.tenantId } as const;
  const isAdmin = config.mfa === 'admins' && coversRole(await listHeldRoles(tx, principal, now), 'tenant-admin');
  requireDemand(demandOf(config, { isAdmin, mfaRequired: member.mfaRequired }), { session, maxAgeSeconds });
}

/** The same for what a tenant would ask of everybody. */
export function requireDemand(
  demand: SignInDemand,
  { session, maxAgeSeconds }: Pick<Entering, 'session' | 'maxAgeSeconds'>,
): void {
  const shortfall = shortfallOf(demand, session);
  if (shortfall === 'sso') throw ssoRequired();
  if (shortfall === 'factor') throw stepUpRequired({ acr: demand.acr, maxAgeSeconds });
}

export function ssoRequired(): PermissionError {
  return new PermissionError('the tenant is entered by its own identity provider', { code: 'SSO_REQUIRED' });
}
