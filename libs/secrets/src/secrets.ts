import { associatedData, decrypt, encrypt, fingerprintOf, type SealTarget } from './cipher.ts';
import { createDataKeys } from './data-keys.ts';
import type { KeyProvider, KeyRowStore } from './ports.ts';
import { formatSealed, parseSealed, unreadable } from './text-form.ts';

export interface TenantSecrets {
  /** Text form `v1.<kek>.<dek>.<iv>.<ciphertext>.<tag>`; opens only under the same service, tenant and target. */
  seal(target: SealTarget, plaintext: string | Uint8Array): Promise<string>;
  /** The plaintext; 409 `SECRET_UNREADABLE` for a value of elsewhere, an altered one or a destroyed key. */
  open(target: SealTarget, sealed: string): Promise<Buffer>;
  /** 43 characters, equal for equal values of one tenant and service and unrelated otherwise. */
  fingerprint(value: string | Uint8Array): Promise<string>;
  /** Makes the tenant's data key when there is none, so that later calls inside a transaction find it. */
  prepare(): Promise<void>;
  /** Crypto-shred: no value of the tenant in this service opens again. */
  destroy(): Promise<void>;
}

export interface Secrets {
  /** Secrets of one tenant; the platform's own use `platformTenantId`. */
  tenant(tenantId: string): TenantSecrets;
  /** Whether the key provider answers. */
  health(): Promise<boolean>;
}

/**
 * Envelope encryption: AES-256-GCM under one data key per service and tenant, which the provider's key-encryption key
 * wraps. A data key serves 2³² encryptions or 90 days, then a new one is made and the old one opens only. Every method
 * may throw 503 `SECRETS_UNAVAILABLE` while the provider is away and the key is not among those of the last 5 minutes.
 */
export function createSecrets(options: {
  service: string;
  provider: KeyProvider;
  keys: KeyRowStore;
  clock?: () => Date;
}): Secrets {
  const { service, provider, keys, clock = () => new Date() } = options;
  const dataKeys = createDataKeys({ provider, keys, clock });

  function tenant(tenantId: string): TenantSecrets {
    return {
      async seal(target, plaintext) {
        const aad = associatedData(service, tenantId, target);
        const key = await dataKeys.forSealing(tenantId);
        const bytes = typeof plaintext === 'string' ? Buffer.from(plaintext, 'utf8') : plaintext;
        return formatSealed({ kekId: key.kekId, dekId: key.id, ...encrypt(key.dek, bytes, aad) });
      },
      async open(target, sealed) {
        const aad = associatedData(service, tenantId, target);
        const parts = parseSealed(sealed);
        const key = await dataKeys.forOpening(tenantId, parts.dekId);
        try {
          return decrypt(key.dek, parts, aad);
        } catch (cause) {
          throw unreadable(cause);
        }
      },
      async fingerprint(value) {
        const key = await dataKeys.first(tenantId);
        return fingerprintOf(key.dek, `${service}|${tenantId}`, value);
      },
      async prepare() {
        await dataKeys.first(tenantId);
      },
      async destroy() {
        await keys.destroyKeys(tenantId);
        dataKeys.forget(tenantId);
      },
    };
  }

  return { tenant, health: () => provider.health().catch(() => false) };
}
