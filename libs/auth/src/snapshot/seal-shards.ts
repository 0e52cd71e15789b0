import canonicalize from 'canonicalize';
import { createHash } from 'node:crypto';
import type { ShardBody } from './compile-tenant.ts';

/** Which shards a tenant has at a version. Signed by who publishes it; shards are checked by their digest. */
export interface AccessHead {
  tenantId: string;
  version: number;
  shards: Record<string, ShardVersion>;
}

export interface ShardVersion {
  /** Version of the head that first named this content. */
  version: number;
  /** Lower-case hex of the shard's text. */
  sha256: string;
}

/** A shard as it is published: canonical JSON (RFC 8785). */
export interface SealedShard {
  name: string;
  version: number;
  text: string;
}

export interface SealedTenant {
  head: AccessHead;
  /** Shards whose content differs from the previous head. */
  changed: SealedShard[];
  /** Shards of the previous head that are gone. */
  removed: string[];
}

/**
 * Head and changed shards of a new version. `previous` is the head to follow; `only` names the shards that `bodies` speaks
 * of, all others stay as they were.
 */
export function sealShards(
  bodies: ReadonlyMap<string, ShardBody>,
  {
    tenantId,
    version,
    previous,
    only,
  }: { tenantId: string; version: number; previous?: AccessHead; only?: ReadonlySet<string> },
): SealedTenant {
  const before = previous?.shards ?? {};
  const kept = Object.entries(before).filter(([name]) => only !== undefined && !only.has(name));
  const shards: Record<string, ShardVersion> = Object.fromEntries(kept);
  const changed: SealedShard[] = [];
  for (const [name, body] of bodies) {
    const text = canonicalJson(body);
    const sha256 = digestOf(text);
    const known = before[name];
    if (known?.sha256 === sha256) {
      shards[name] = known;
    } else {
      shards[name] = { version, sha256 };
      changed.push({ name, version, text });
    }
  }
  const removed = Object.keys(before).filter((name) => !Object.hasOwn(shards, name));
  return { head: { tenantId, version, shards }, changed, removed };
}

/** The version after `previous`: never lower than the clock, so that a restored database does not go back. */
export function nextVersion(previous: number, now: number): number {
  return Math.max(previous + 1, Math.floor(now));
}

/** RFC 8785: one text for equal values. Throws for what JSON cannot say. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('the value has no JSON form');
  return text;
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
