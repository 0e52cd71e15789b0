import { createCredentialVerifier, type CredentialVerifier } from '@idp/auth';
import { createLimiter, createMemoryLimits } from '@idp/cache';
import { createTelemetry } from '@idp/telemetry';
import { createRateLimits, type RateLimits } from '../../../limits/rate-limits.ts';
import { rateSettings } from '../../../limits/rate-settings.ts';
import { publicUrl, type Issuer } from './issuer.ts';

/** The checks of every target: what the embedded gateway does itself, and Envoy's edge for Envoy. */
export interface Checks {
  verifier: CredentialVerifier;
  limits: RateLimits;
  /** Moves the clock of the limits, which stands still: what is left is known exactly. */
  advance(seconds: number): void;
}

const plenty = { limit: 1_000_000, burst: 1_000_000 };

/** All cases come from one address: what counts by it alone has room for all of them, and few units where a case wants to see the end. */
const settings = rateSettings({ policies: { anonymous: plenty, static: plenty, webhook: { burst: 5 } } });

export function createChecks(issuer: Issuer): Checks {
  // Only services decide.
  const ports = { jwks: issuer, apiKeys: issuer.apiKeys, access: undefined as never };
  const { metrics } = createTelemetry({ service: 'suite', version: '1', level: 'silent' });
  let now = 0;
  const limiter = createLimiter({ store: createMemoryLimits({ now: () => now }), metrics });
  return {
    verifier: createCredentialVerifier({ issuer: publicUrl, audience: `${publicUrl}/api`, ports }),
    limits: createRateLimits({ limiter, settings: () => settings, planOf: () => undefined }),
    advance: (seconds) => void (now += seconds * 1_000_000),
  };
}
