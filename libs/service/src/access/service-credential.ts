import type { Principal, TokenVerifier } from '@idp/auth';
import { AuthError } from '@idp/errors';
import { credentialOf } from './credential.ts';
import type { SessionCookieNames } from './session-cookies.ts';

/** A second credential beside the caller's (docs/security.md); gateways take it off what comes from outside. */
const workloadHeader = 'x-workload-authorization';

/** What services of the platform prove themselves with, to a verifier of tokens that name this one as their audience. */
export interface ServiceCredential {
  /** The service an `Authorization` header names; 401 for anybody else. */
  serviceOf(authorization: string | undefined): Promise<Principal>;
  /**
   * The caller, bound to what the service may do that forwards its credential: both must be allowed. 401 for a header that proves no
   * service, and where the caller's token acts for another one already: a principal has room for one.
   */
  bind(principal: Principal, headers: Readonly<Record<string, string | string[] | undefined>>): Promise<Principal>;
}

export function createServiceCredential(verifier: TokenVerifier, cookies: SessionCookieNames): ServiceCredential {
  async function serviceOf(authorization: string | undefined): Promise<Principal> {
    if (authorization === undefined) throw new AuthError('a service token is required');
    const credential = credentialOf({ authorization }, cookies);
    const principal = credential && (await verifier.verify(credential.text));
    if (principal?.id.startsWith('service:') === true) return principal;
    throw new AuthError('the token is no service token', { code: 'INVALID_TOKEN' });
  }

  return {
    serviceOf,
    async bind(principal, headers) {
      const header = headers[workloadHeader];
      if (header === undefined) return principal;
      const { id } = await serviceOf(String(header));
      const { actingService = id } = principal;
      if (actingService !== id) throw new AuthError('the token acts for another service', { code: 'INVALID_TOKEN' });
      return { ...principal, actingService };
    },
  };
}
