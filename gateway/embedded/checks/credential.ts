import type { IncomingMessage } from 'node:http';
import type { Principal } from '@idp/auth';
import { AuthError } from '@idp/errors';
import { credentialOf, sessionCookieNames } from '@idp/service';
import type { Metrics } from '@idp/telemetry';
import type { Route } from '../../routing/route-schema.ts';
import { createVerifyCredential, type Verifier } from './verify-credential.ts';

export interface CredentialCheck {
  /**
   * The caller of a request to `route` that came from `ip`; undefined without a credential where that is allowed. Services verify again:
   * this only keeps requests out. Throws 400 for two access cookies, 401 `AUTH_REQUIRED`, `INVALID_TOKEN`, `INVALID_API_KEY`, 503 while
   * no key is known.
   */
  (req: IncomingMessage, route: Route, ip: string): Promise<Principal> | undefined;
}

/** What the check needs once the platform runs. */
export interface CredentialSource {
  verifier: Verifier;
  /** Decides the names of the session cookies. */
  publicUrl: string;
}

/** Checks bearer tokens, API keys and the access cookie at the door. */
export function createCredentialCheck({
  source,
  metrics,
}: {
  source: () => CredentialSource;
  metrics: Metrics;
}): CredentialCheck {
  const verify = createVerifyCredential({ metrics });
  return (req, route, ip) => {
    if (route.auth === 'public') return undefined;
    const { verifier, publicUrl } = source();
    const credential = credentialOf(req.headers, sessionCookieNames(publicUrl));
    if (credential !== undefined) return verify(verifier, credential.text, ip);
    if (route.auth === 'optional') return undefined;
    throw new AuthError('a credential is required');
  };
}
