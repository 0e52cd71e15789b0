import { randomBytes } from 'node:crypto';
import { newId } from '@idp/contracts';
import { UnavailableError } from '@idp/errors';
import { LRUCache } from 'lru-cache';
import { dekBytes } from './cipher.ts';
import type { KeyProvider, KeyRow, KeyRowStore } from './ports.ts';
import { unreadable } from './text-form.ts';

interface DataKey {
  id: string;
  kekId: string;
  dek: Buffer;
}

interface SealingKey extends DataKey {
  /** Encryptions this process may still do before it reserves more. */
  remaining: number;
}

export interface DataKeys {
  /** The tenant's active key, made when there is none; each call takes one of its 2³² encryptions. */
  forSealing(tenantId: string): Promise<DataKey>;
  /** A key in any state but `destroyed`; 409 `SECRET_UNREADABLE` when there is no such key. */
  forOpening(tenantId: string, id: string): Promise<DataKey>;
  /** The tenant's first key: stays the same for the tenant's whole life. */
  first(tenantId: string): Promise<DataKey>;
  forget(tenantId: string): void;
}

const keptMs = 5 * 60_000;
const keysMax = 20_000;
const providerTimeoutMs = 2_000;
const sealsMax = 2 ** 32;
const sealsReserved = 2 ** 16;
const ageMaxMs = 90 * 86_400_000;

/**
 * Unwrapped data keys, kept 5 minutes in memory and never longer; loads are single-flight per tenant and key. A failed
 * load is forgotten at once, so the next caller asks again.
 */
export function createDataKeys(options: { provider: KeyProvider; keys: KeyRowStore; clock: () => Date }): DataKeys {
  const { provider, keys, clock } = options;
  const cache = <V extends {}>() =>
    new LRUCache<string, V>({ max: keysMax, ttl: keptMs, ttlResolution: 0, perf: { now: () => clock().getTime() } });
  const opening = cache<Promise<DataKey>>();
  const sealing = cache<Promise<SealingKey>>();
  const firsts = cache<Promise<DataKey>>();

  async function unwrap(row: KeyRow): Promise<DataKey> {
    const dek = await guarded(() => provider.unwrap(row.kekId, row.wrapped));
    return { id: row.id, kekId: row.kekId, dek };
  }

  async function make(tenantId: string, replaces?: string): Promise<KeyRow> {
    const { kekId, wrapped } = await guarded(() => provider.wrap(randomBytes(dekBytes)));
    return keys.insertKey({ tenantId, id: newId(), kekId, wrapped }, replaces === undefined ? {} : { replaces });
  }

  async function reserve(tenantId: string): Promise<SealingKey> {
    let row = (await keys.activeKey(tenantId)) ?? (await make(tenantId));
    const worn = row.seals + sealsReserved > sealsMax || clock().getTime() - row.createdAt.getTime() > ageMaxMs;
    if (worn) row = await make(tenantId, row.id);
    const counted = await keys.countSeals(tenantId, row.id, sealsReserved);
    if (counted > sealsMax) throw new UnavailableError('the data key is used up', { code: 'SECRETS_UNAVAILABLE' });
    return { ...(await unwrap(row)), remaining: sealsReserved };
  }

  async function oldest(tenantId: string): Promise<DataKey> {
    return unwrap((await keys.oldestKey(tenantId)) ?? (await make(tenantId)));
  }

  async function find(tenantId: string, id: string): Promise<DataKey> {
    const row = await keys.getKey(tenantId, id);
    if (row === undefined || row.state === 'destroyed') throw unreadable();
    return unwrap(row);
  }

  return {
    async forSealing(tenantId) {
      for (;;) {
        const loaded = once(sealing, tenantId, () => reserve(tenantId));
        const key = await loaded;
        if (key.remaining > 0) {
          key.remaining -= 1;
          return key;
        }
        if (sealing.peek(tenantId) === loaded) sealing.delete(tenantId);
      }
    },
    forOpening: (tenantId, id) => once(opening, `${tenantId}|${id}`, () => find(tenantId, id)),
    first: (tenantId) => once(firsts, tenantId, () => oldest(tenantId)),
    forget(tenantId) {
      sealing.delete(tenantId);
      firsts.delete(tenantId);
      for (const key of Array.from(opening.keys())) if (key.startsWith(`${tenantId}|`)) opening.delete(key);
    },
  };
}

function once<V>(cache: LRUCache<string, Promise<V>>, key: string, load: () => Promise<V>): Promise<V> {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const loading = load();
  cache.set(key, loading);
  loading.catch(() => {
    if (cache.peek(key) === loading) cache.delete(key);
  });
  return loading;
}

/** A key provider that fails or takes longer than 2 s is unavailable; what it said stays in the log. */
async function guarded<V>(call: () => Promise<V>): Promise<V> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${providerTimeoutMs} ms`)), providerTimeoutMs);
  });
  try {
    return await Promise.race([call(), late]);
  } catch (cause) {
    throw new UnavailableError('the key provider does not answer', { code: 'SECRETS_UNAVAILABLE', cause });
  } finally {
    clearTimeout(timer);
  }
}
