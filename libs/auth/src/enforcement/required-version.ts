import { AuthError, ValidationError } from '@idp/errors';
import { LRUCache } from 'lru-cache';
import type { Principal } from '../principal.ts';

/** What a decision may know of the request it is made for. */
export interface RequestFacts {
  ip?: string;
  /** `X-Authz-Version`: the caller has seen this version of its tenant. */
  seenVersion?: number;
  /** The request would change something. */
  mutates: boolean;
}

/** The oldest world that may judge: neither older than the credential nor than what the caller has seen. */
export function requiredVersion({ accessVersion }: Principal, { seenVersion = 0 }: RequestFacts): number {
  return Math.max(accessVersion, seenVersion);
}

/** Versions that no tenant has come to, as callers name them: remembered for a second, so that they cost auth one question. */
export interface ImpossibleVersions {
  /** Throws where `authoritative` is below what credential or caller name: 401 for the credential, else 400. */
  refuse(principal: Principal, facts: RequestFacts, authoritative: number): void;
  /** Throws what `refuse` threw for the same within the last second. */
  refuseAgain(principal: Principal, facts: RequestFacts): void;
}

const rememberedMs = 1_000;
const rememberedMax = 10_000;

export function createImpossibleVersions(clock: () => Date): ImpossibleVersions {
  const refused = new LRUCache<string, number>({
    max: rememberedMax,
    ttl: rememberedMs,
    ttlResolution: 0,
    perf: { now: () => clock().getTime() },
  });
  const keyOf = (principal: Principal, facts: RequestFacts): string =>
    `${principal.tenantId} ${requiredVersion(principal, facts)}`;

  function refuse(principal: Principal, facts: RequestFacts, authoritative: number): void {
    if (requiredVersion(principal, facts) <= authoritative) return;
    refused.set(keyOf(principal, facts), authoritative);
    if (principal.accessVersion > authoritative) {
      const code = principal.keyId === undefined ? 'INVALID_TOKEN' : 'INVALID_API_KEY';
      throw new AuthError('the credential is not valid', { code, cause: new Error('access version') });
    }
    throw new ValidationError('X-Authz-Version names a version that does not exist');
  }

  return {
    refuse,
    refuseAgain(principal, facts) {
      const authoritative = refused.get(keyOf(principal, facts));
      if (authoritative !== undefined) refuse(principal, facts, authoritative);
    },
  };
}
