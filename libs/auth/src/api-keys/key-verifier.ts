import { hash } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { AuthError } from '@idp/errors';
import { LRUCache } from 'lru-cache';
import type { Principal } from '../principal.ts';
import type { Revocation, RevocationSource } from '../revocations.ts';
import type { ApiKeyPort, ApiKeyUses, VerifiedApiKey } from './key-port.ts';
import { apiKeySecretHash, parseApiKey } from './key-text.ts';

export interface ApiKeyVerifier {
  /**
   * The principal of an API key used from `ip`. 401 `INVALID_API_KEY` whatever is wrong with it, 503 while the auth service
   * cannot be asked. A text that fails its checksum is refused without asking.
   */
  verify(text: string, use: { ip: string }): Promise<Principal>;
  /** Tells the auth service about uses since the last call; what it does not take is told again. */
  reportUses(): Promise<void>;
}

/** How a key was looked up: known already, asked about, or refused by its form alone. */
export type KeyLookup = 'hit' | 'miss' | 'form';

interface Known {
  key: VerifiedApiKey;
  secretHash: string;
  principal: Principal;
  admits: (ip: string) => boolean;
}

const knownMax = 10_000;
const knownMs = 30_000;
const unknownMs = 5_000;

/**
 * Verifies API keys. An answer is kept for 30 s, a refusal for 5 s, by SHA-256 of the text, and forgotten when the key is revoked; concurrent
 * callers share one question. End and addresses are judged at every call.
 */
export function createApiKeyVerifier(options: {
  keys: ApiKeyPort;
  clock: () => Date;
  revocations?: RevocationSource | undefined;
  onLookup?: (result: KeyLookup) => void;
}): ApiKeyVerifier {
  const { keys, clock, revocations, onLookup = () => undefined } = options;
  const known = new LRUCache<string, Promise<Known | 'none'>>({
    max: knownMax,
    ttlResolution: 0,
    perf: { now: () => clock().getTime() },
  });
  const uses = new Map<string, ApiKeyUses>();
  revocations?.subscribe((revocation) => {
    const isRevoked = keysOf(revocation);
    if (isRevoked !== undefined) void forget(isRevoked);
  });

  async function forget(isRevoked: (key: VerifiedApiKey) => boolean): Promise<void> {
    for (const [digest, entry] of known.entries()) {
      const found = await entry.catch(() => undefined);
      if (found === undefined || found === 'none' || isRevoked(found.key)) known.delete(digest);
    }
  }

  async function ask(text: string): Promise<Known | 'none'> {
    const { kid, secret } = parseApiKey(text)!;
    const secretHash = apiKeySecretHash(secret).toString('base64url');
    const key = await keys.verify({ kid, secretHash });
    return key === undefined
      ? 'none'
      : { key, secretHash, principal: principalOf(key, text), admits: admission(key.ipAllow) };
  }

  function find(text: string): Promise<Known | 'none'> {
    const digest = hash('sha256', text, 'base64url');
    const cached = known.get(digest);
    if (cached !== undefined) {
      onLookup('hit');
      return cached;
    }
    const asking = ask(text);
    known.set(digest, asking, { ttl: knownMs });
    asking.then(
      (found) => {
        if (found === 'none' && known.peek(digest) === asking) known.set(digest, asking, { ttl: unknownMs });
      },
      () => {
        if (known.peek(digest) === asking) known.delete(digest);
      },
    );
    onLookup('miss');
    return asking;
  }

  function count({ key, secretHash }: Known, ip: string, now: number): void {
    const entry = uses.get(secretHash);
    if (entry === undefined) {
      const { tenantId, keyId } = key;
      uses.set(secretHash, { tenantId, keyId, secretHash, requests: 1, lastUsedAt: now, lastUsedIp: ip });
      return;
    }
    entry.requests += 1;
    entry.lastUsedAt = now;
    entry.lastUsedIp = ip;
  }

  return {
    async verify(text, { ip }) {
      if (parseApiKey(text) === undefined) {
        onLookup('form');
        throw invalidKey('form');
      }
      const found = await find(text);
      if (found === 'none') throw invalidKey('unknown');
      const now = clock().getTime();
      if (now >= found.key.expiresAt) throw invalidKey('expired');
      if (!found.admits(ip)) throw invalidKey('address');
      count(found, ip, now);
      return found.principal;
    },
    async reportUses() {
      const batch = [...uses.values()];
      if (batch.length === 0) return;
      uses.clear();
      try {
        await keys.report(batch);
      } catch (error) {
        for (const use of batch) {
          const later = uses.get(use.secretHash);
          uses.set(use.secretHash, later === undefined ? use : { ...later, requests: later.requests + use.requests });
        }
        throw error;
      }
    },
  };
}

/** Which keys auth must be asked about again: a key dies with its owner's place in the tenant. Undefined where none can be. */
function keysOf(revocation: Revocation): ((key: VerifiedApiKey) => boolean) | undefined {
  const { id } = revocation;
  switch (revocation.kind) {
    case 'api-key':
      return ({ keyId }) => keyId === id;
    case 'user':
      return ({ owner }) => owner.id === id;
    case 'member':
      return ({ owner, tenantId }) => owner.id === id && tenantId === revocation.tenantId;
    case 'tenant':
      return ({ tenantId }) => tenantId === id;
    default:
      return undefined;
  }
}

function principalOf(key: VerifiedApiKey, token: string): Principal {
  return {
    type: key.owner.type,
    id: key.owner.id,
    tenantId: key.tenantId,
    actor: `key:${key.keyId}`,
    keyId: key.keyId,
    tokenId: key.keyId,
    accessVersion: key.accessVersion,
    // Nobody proves who they are with a key: it is never fresh enough for a step-up.
    authTime: 0,
    amr: [],
    acr: 'idp:aal1',
    scope: key.scopes.join(' '),
    ...(key.ratePolicy !== undefined && { ratePolicy: key.ratePolicy }),
    token,
  };
}

function admission(ipAllow: readonly string[]): (ip: string) => boolean {
  if (ipAllow.length === 0) return () => true;
  const list = new BlockList();
  for (const entry of ipAllow) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address);
    list.addSubnet(
      address,
      bits === undefined ? (family === 6 ? 128 : 32) : Number(bits),
      family === 6 ? 'ipv6' : 'ipv4',
    );
  }
  return (ip) => isIP(ip) !== 0 && list.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4');
}

function invalidKey(reason: string): AuthError {
  return new AuthError('the API key is not valid', { code: 'INVALID_API_KEY', cause: new Error(reason) });
}
