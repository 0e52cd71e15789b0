/** What the auth service says about a key whose secret fits. Times are milliseconds since the epoch. */
export interface VerifiedApiKey {
  keyId: string;
  tenantId: string;
  owner: { type: 'user' | 'service'; id: string };
  /** Access version of the tenant. */
  accessVersion: number;
  /** Permissions, or their beginnings up to a final `*`; none: only routes that any valid credential may call. */
  scopes: readonly string[];
  /** When this secret stops being accepted: the key's end, or that of a rotation's overlap. */
  expiresAt: number;
  /** Addresses and CIDR ranges the key may be used from; none: any. */
  ipAllow: readonly string[];
  ratePolicy?: ApiKeyRatePolicy;
}

/** A limit that takes the place of the common one for keys. */
export interface ApiKeyRatePolicy {
  limit: number;
  periodSeconds: number;
  burst: number;
}

/** Uses of one secret since the last report. */
export interface ApiKeyUses {
  tenantId: string;
  keyId: string;
  /** SHA-256 of the secret, base64url: during a rotation two are in use. */
  secretHash: string;
  requests: number;
  lastUsedAt: number;
  lastUsedIp?: string;
}

/** Keys as the auth service knows them, in this process or over HTTP. */
export interface ApiKeyPort {
  /** The key with this id and secret (SHA-256, base64url), undefined for none that is alive. 503 without an answer. */
  verify(key: { kid: string; secretHash: string }): Promise<VerifiedApiKey | undefined>;
  /** Takes note of uses; may fail, then they are told again. */
  report(uses: readonly ApiKeyUses[]): Promise<void>;
}
