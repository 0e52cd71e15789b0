import type { AuthContextClass } from '@idp/auth';
import type { SessionLife } from './session-life.ts';
import type { TenantConfig } from './tenant-config.ts';

/** How somebody signed in. */
export interface SignedIn {
  /** RFC 8176: `fed` for a provider of the tenant's own. */
  amr: readonly string[];
  acr: AuthContextClass;
}

/** What a tenant asks of everybody who signs in to it. */
export interface SignInDemand {
  sso: boolean;
  acr: AuthContextClass;
}

/** Administrators are those who hold `tenant-admin` or more in the whole tenant; of a member alone a factor may be asked, too. */
export function demandOf(
  { sso, mfa }: TenantConfig,
  { isAdmin, mfaRequired = false }: { isAdmin: boolean; mfaRequired?: boolean },
): SignInDemand {
  const needsFactor = mfaRequired || mfa === 'all' || (mfa === 'admins' && isAdmin);
  return { sso: sso?.enforced === true, acr: needsFactor ? 'idp:aal2' : 'idp:aal1' };
}

/** Of which of these demands a sign-in falls short; undefined where it meets them. */
export function shortfallOf(demand: SignInDemand, { amr, acr }: SignedIn): 'sso' | 'factor' | undefined {
  if (demand.sso && !amr.includes('fed')) return 'sso';
  return demand.acr !== 'idp:aal1' && acr === 'idp:aal1' ? 'factor' : undefined;
}

/** How long sessions live in a tenant: its own limits, where they are stricter. */
export function lifeIn({ session }: TenantConfig, platform: SessionLife): SessionLife {
  return {
    idleSeconds: Math.min(platform.idleSeconds, session?.idleSeconds ?? Infinity),
    maxSeconds: Math.min(platform.maxSeconds, session?.maxSeconds ?? Infinity),
  };
}
