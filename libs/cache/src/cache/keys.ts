import { createHash } from 'node:crypto';
import type { CacheKey, CacheScope } from './contract.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const special = /[%:]/g;
const textMax = 200;

/** Parts joined so that different lists never give the same text; what is long becomes its SHA-256. */
export function joinParts(parts: readonly (string | number)[]): string {
  let text = '';
  for (const part of parts) {
    const piece = typeof part === 'number' ? String(part) : part.replace(special, encodeURIComponent);
    text = text === '' ? piece : `${text}:${piece}`;
  }
  if (text.length <= textMax && parts[0] !== '') return text;
  // A hash of unescaped text could stand for an escaped one; the sign in front belongs to hashes alone.
  return `%%${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}`;
}

function scopeOf(scope: string): CacheScope {
  return {
    key(...parts) {
      const key = joinParts(parts);
      return { scope, key, id: `${scope}:${key}` };
    },
    tag: (name) => ({ scope, tag: joinParts([name]) }),
  };
}

/** Scope of values without a tenant. */
export const globalScope = scopeOf('g');

/** Scope of a tenant. Throws TypeError for what is no UUID, so that no text can leave its scope. */
export function tenantScope(tenantId: string): CacheScope {
  if (!uuid.test(tenantId)) throw new TypeError('a cache key needs a tenant id');
  return scopeOf(`t:${tenantId}`);
}

/** What Redis keeps of one cache of one service. The letter before the version keeps the kinds apart whatever a key holds. */
export function redisNames(service: string, name: string, schemaVersion: number) {
  const of = (scope: string, kind: string, text: string): string =>
    `idp:${service}:${scope}:${name}:${kind}${schemaVersion}:${text}`;
  return {
    value: ({ scope, key }: CacheKey) => of(scope, 'v', key),
    /** Left by a delete for 30 s. */
    floor: ({ scope, key }: CacheKey) => of(scope, 'f', key),
    /** Keys that carry a tag. */
    tagged: (scope: string, tag: string) => of(scope, 'g', tag),
    tagFloor: (scope: string, tag: string) => of(scope, 'h', tag),
  };
}
