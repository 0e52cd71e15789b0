import { createApiKeyVerifier, type KeyLookup } from './api-keys/key-verifier.ts';
import { looksLikeApiKey } from './api-keys/key-text.ts';
import type { PlatformPorts } from './platform-ports.ts';
import type { Principal } from './principal.ts';
import { createTokenVerifier } from './token-verifier.ts';

export interface CredentialVerifier {
  /**
   * The principal of an access token or an API key that was sent from `ip`. 401 `INVALID_TOKEN` or `INVALID_API_KEY` without detail, 503
   * `UNAVAILABLE` while the auth service is needed and away.
   */
  verify(credential: string, use: { ip: string }): Promise<Principal>;
  /** Tells the auth service which keys were used since the last call. */
  reportUses(): Promise<void>;
}

/** Verifies what stands in `Authorization: Bearer`: what begins with `idp_` is a key, everything else a token of `audience`. */
export function createCredentialVerifier(options: {
  issuer: string;
  audience: string;
  ports: PlatformPorts;
  clock?: () => Date;
  onKeyLookup?: (result: KeyLookup) => void;
}): CredentialVerifier {
  const { issuer, audience, ports, clock = () => new Date(), onKeyLookup: onLookup } = options;
  const { jwks, revocations } = ports;
  const tokens = createTokenVerifier({ issuer, audience, jwks, revocations, clock });
  const keys = createApiKeyVerifier({ keys: ports.apiKeys, revocations, clock, ...(onLookup && { onLookup }) });
  return {
    verify: (credential, use) =>
      looksLikeApiKey(credential) ? keys.verify(credential, use) : tokens.verify(credential),
    reportUses: () => keys.reportUses(),
  };
}
