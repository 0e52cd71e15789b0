import { LRUCache } from 'lru-cache';
import { accessTokenSeconds, clockSkewSeconds, type AccessClaims } from './claims.ts';
import type { Revocation } from './revocations.ts';

/** What was revoked while tokens made before may still live: 17 minutes. */
export interface RevokedTokens {
  add(revocation: Revocation): void;
  /** What the token was revoked by, or undefined. No clocks are compared: ids, epochs and versions decide. */
  faultOf(claims: AccessClaims): 'session' | 'client' | 'user' | 'member' | 'tenant' | undefined;
}

const keptMs = (accessTokenSeconds + 2 * clockSkewSeconds) * 1000;
const keptMax = 100_000;

export function createRevokedTokens(clock: () => Date): RevokedTokens {
  /** The lowest epoch or version that is still good, by what it is about; Infinity where nothing is. */
  const lowest = new LRUCache<string, number>({
    max: keptMax,
    ttl: keptMs,
    perf: { now: () => clock().getTime() },
  });

  function raise(key: string, value: number): void {
    lowest.set(key, Math.max(value, lowest.get(key) ?? 0));
  }
  const isBelow = (key: string, value: number): boolean => value < (lowest.get(key) ?? 0);

  return {
    add(revocation) {
      const { kind, id } = revocation;
      if (kind === 'user') raise(`user ${id}`, revocation.epoch);
      else if (kind === 'member') raise(`member ${revocation.tenantId} ${id}`, revocation.version);
      else if (kind === 'tenant') raise(`tenant ${id}`, revocation.version);
      else if (kind === 'session' || kind === 'client') raise(`${kind} ${id}`, Number.POSITIVE_INFINITY);
    },
    faultOf({ sid, client_id: client, sub, tid, ep, pv }) {
      if (lowest.size === 0) return undefined;
      if (sid !== undefined && isBelow(`session ${sid}`, 0)) return 'session';
      if (client !== undefined && isBelow(`client ${client}`, 0)) return 'client';
      if (ep !== undefined && isBelow(`user ${sub}`, ep)) return 'user';
      if (isBelow(`member ${tid} ${sub}`, pv)) return 'member';
      return isBelow(`tenant ${tid}`, pv) ? 'tenant' : undefined;
    },
  };
}
