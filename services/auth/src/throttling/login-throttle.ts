import { defineRatePolicy, type Limiter, type RateCharge, type RateDecision } from '@idp/cache';
import { platformTenantId } from '@idp/contracts';
import { RateLimitError } from '@idp/errors';
import type { Secrets } from '@idp/secrets';
import { clientNetworkOf } from '@idp/service';
import { createAttemptsInFlight } from './attempts-in-flight.ts';
import { chargeFailures } from './charge-failures.ts';

/** Whose password is tested, and from where. */
export interface LoginAttempt {
  /** Normal form of the address that was typed, whether or not somebody has it. */
  account: string;
  /** Address of the client; absent for calls of the platform itself. */
  ip?: string;
  /** A device on which somebody has signed in to this account. */
  deviceId?: string;
}

/** Too many failures, of an account, of a client of it, or of a network. */
export interface Throttled {
  who: LoginAttempt;
  /** What is counted for which key, where the limit was met. */
  charge: { policy: string; key: string };
  retryAfterMs: number;
}

/** Slows down whoever guesses passwords. */
export interface LoginThrottle {
  /**
   * Runs `test`, which tests a password: 429 `RATE_LIMIT_EXCEEDED` with the time to wait, and nothing run, after too many failures.
   * Only `INVALID_CREDENTIALS` is a failure. Addresses nobody has are counted as those somebody has.
   */
  attempt<T>(who: LoginAttempt, test: () => Promise<T>): Promise<T>;
}

const minutes15 = { periodSeconds: 900 };
/** What is told: the first refusal in a while. */
const told = defineRatePolicy({ name: 'login-throttled-told', limit: 1, burst: 1, ...minutes15 });
const policies = {
  account: defineRatePolicy({ name: 'login-account', limit: 10, burst: 10, ...minutes15 }),
  pair: defineRatePolicy({ name: 'login-account-address', limit: 5, burst: 5, ...minutes15 }),
  network: defineRatePolicy({ name: 'login-network', limit: 60, burst: 60, ...minutes15 }),
  device: defineRatePolicy({ name: 'login-device', limit: 10, burst: 10, ...minutes15 }),
};
/** Keys of one attempt lie on one server. */
const tag = 'login';

/**
 * Failures by account, by account and address, and by network. A unit is taken before the password is tested, so that parallel
 * guesses count, and given back unless it was wrong. A known device has a bucket of its own and nothing else: who guesses elsewhere
 * cannot lock its owner out. `tell` hears of the first refusal in 15 minutes of whatever a limit is counted for.
 */
export function createLoginThrottle({
  limiter,
  secrets,
  tell,
}: {
  limiter: Limiter;
  secrets: Secrets;
  tell(throttled: Throttled): Promise<void>;
}): LoginThrottle {
  const inFlight = createAttemptsInFlight();

  async function chargesOf({ account, ip, deviceId }: LoginAttempt): Promise<RateCharge[]> {
    if (deviceId !== undefined) return [{ policy: policies.device, key: deviceId }];
    const own = secrets.tenant(platformTenantId);
    const charges = [{ policy: policies.account, key: await own.fingerprint(account) }];
    if (ip === undefined) return charges;
    const { address, network } = clientNetworkOf(ip);
    charges.push({ policy: policies.pair, key: await own.fingerprint(`${address}|${account}`) });
    charges.push({ policy: policies.network, key: network });
    return charges;
  }

  async function tellOnce(who: LoginAttempt, charges: readonly RateCharge[], decision: RateDecision): Promise<void> {
    const { policy, key } = charges.find((each) => each.policy.name === decision.policy)!;
    const charge = { policy: policy.name, key };
    const first = await limiter.consume(tag, [{ policy: told, key: `${charge.policy}:${charge.key}` }]);
    if (first.allowed) await tell({ who, charge, retryAfterMs: decision.retryAfterMs });
  }

  return {
    async attempt(who, test) {
      const charges = await chargesOf(who);
      const keys = charges.map(({ policy, key }) => `${policy.name}:${key}`);
      let decision = await limiter.consume(tag, charges);
      // Right passwords side by side hold units for as long as they are tested: no reason to refuse one of them.
      while (!decision.allowed && (await inFlight.oneEnds(keys))) decision = await limiter.consume(tag, charges);
      if (!decision.allowed) {
        await tellOnce(who, charges, decision);
        throw new RateLimitError('too many failed sign-ins', { retryAfterSeconds: decision.retryAfterMs / 1_000 });
      }
      return inFlight.run(keys, () => chargeFailures(limiter, { decision, code: 'INVALID_CREDENTIALS' }, test));
    },
  };
}
