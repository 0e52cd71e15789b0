import type { IncomingMessage } from 'node:http';
import type { Principal, TokenVerifier } from '@idp/auth';
import { AuthError } from '@idp/errors';
import type { Metrics } from '@idp/telemetry';
import type { Route } from '../../routing/route-schema.ts';

export interface CredentialCheck {
  /**
   * The caller of a request to `route`; undefined without a credential where that is allowed. Services verify again: this
   * only keeps requests out. Throws 401 `AUTH_REQUIRED`, `INVALID_TOKEN`, `INVALID_API_KEY`, 503 while no key is known.
   */
  (req: IncomingMessage, route: Route): Promise<Principal> | undefined;
}

/** Checks Bearer tokens at the door. API keys do not exist yet, so none is valid. */
export function createCredentialCheck({
  verifier,
  metrics,
}: {
  verifier: TokenVerifier;
  metrics: Metrics;
}): CredentialCheck {
  const checks = metrics.counter('gateway_credential_checks_total', 'Credentials checked at the gateway', [
    'kind',
    'result',
  ]);
  const verify = async (token: string): Promise<Principal> => {
    try {
      const principal = await verifier.verify(token);
      checks.inc({ kind: 'jwt', result: 'ok' });
      return principal;
    } catch (error) {
      checks.inc({ kind: 'jwt', result: error instanceof AuthError ? 'refused' : 'unavailable' });
      throw error;
    }
  };
  return (req, route) => {
    if (route.auth === 'public') return undefined;
    const header = req.headers.authorization;
    if (header === undefined) {
      if (route.auth === 'optional') return undefined;
      throw new AuthError('a credential is required');
    }
    const token = /^Bearer +([\w.~+/=-]+)$/i.exec(header)?.[1];
    if (token === undefined) throw new AuthError('the access token is not valid', { code: 'INVALID_TOKEN' });
    if (token.startsWith('idp_')) {
      checks.inc({ kind: 'key', result: 'refused' });
      throw new AuthError('the API key is not valid', { code: 'INVALID_API_KEY' });
    }
    return verify(token);
  };
}
