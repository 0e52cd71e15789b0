import type { CredentialVerifier, Principal } from '@idp/auth';
import { AuthError } from '@idp/errors';
import type { Metrics } from '@idp/telemetry';

export type Verifier = Pick<CredentialVerifier, 'verify'>;

/** The principal of a credential used from `ip`; errors as the verifier's. Every check is counted. */
export type VerifyCredential = (verifier: Verifier, text: string, ip: string) => Promise<Principal>;

export function createVerifyCredential({ metrics }: { metrics: Metrics }): VerifyCredential {
  const checks = metrics.counter('gateway_credential_checks_total', 'Credentials checked at the gateway', [
    'kind',
    'result',
  ]);
  return async (verifier, text, ip) => {
    const kind = text.startsWith('idp_') ? 'key' : 'jwt';
    try {
      const principal = await verifier.verify(text, { ip });
      checks.inc({ kind, result: 'ok' });
      return principal;
    } catch (error) {
      checks.inc({ kind, result: error instanceof AuthError ? 'refused' : 'unavailable' });
      throw error;
    }
  };
}
