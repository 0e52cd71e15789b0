import { hash } from 'node:crypto';
import { AuthError } from '@idp/errors';
import { compactVerify, errors } from 'jose';
import { LRUCache } from 'lru-cache';
import { accessClaims, claimsFault, type AccessClaims } from './claims.ts';
import { createKeySet, type JwksSource } from './key-set.ts';
import type { Principal } from './principal.ts';
import type { RevocationSource } from './revocations.ts';
import { createRevokedTokens } from './revoked-tokens.ts';
import { readTokenText, tokenBytesMax } from './token-text.ts';

export interface TokenVerifier {
  /**
   * The principal of an access token. 401 `INVALID_TOKEN` without detail for anything wrong with it (the reason is the
   * error's `cause`), 503 `UNAVAILABLE` while no verification key has ever been read.
   */
  verify(token: string): Promise<Principal>;
}

interface Verified {
  claims: AccessClaims;
  principal: Principal;
}

const verifiedMax = 10_000;

/**
 * Verifies access tokens as RFC 9068 (`typ: at+jwt`) narrowed by docs/security.md: header `alg kid typ` only, algorithm
 * of the key, canonical base64url, typed claims, one exact audience, at most 900 s of life, 60 s of skew, 8 KiB. The
 * last 10,000 verified tokens are remembered by SHA-256; their times are judged at every call. What `revocations` names is
 * refused from that moment on: tokens for as long as one could live, what a revoked key has signed for ever.
 */
export function createTokenVerifier(options: {
  issuer: string;
  audience: string;
  jwks: JwksSource;
  revocations?: RevocationSource | undefined;
  clock?: () => Date;
}): TokenVerifier {
  const { issuer, audience, jwks, revocations, clock = () => new Date() } = options;
  const verified = new LRUCache<string, Verified>({ max: verifiedMax });
  const keySet = createKeySet({ jwks, clock, onKeysDropped: () => verified.clear() });
  const revoked = createRevokedTokens(clock);
  revocations?.subscribe((revocation) => {
    revoked.add(revocation);
    if (revocation.kind === 'kid') keySet.revoke(revocation.id);
  });

  async function verifyOnce(token: string): Promise<Verified> {
    const text = readTokenText(token);
    if (text === undefined) throw invalidToken('form');
    const key = await keySet.find(text.header.kid);
    if (key === undefined) throw invalidToken('unknown key');
    if (text.header.alg !== key.alg) throw invalidToken('algorithm');
    try {
      await compactVerify(token, key.key, { algorithms: [key.alg] });
    } catch (cause) {
      if (cause instanceof errors.JOSEError) throw invalidToken('signature');
      throw cause;
    }
    const claims = accessClaims.safeParse(text.payload);
    if (!claims.success) throw invalidToken('claims');
    return { claims: claims.data, principal: principalOf(claims.data, token) };
  }

  return {
    async verify(token) {
      if (token.length > tokenBytesMax) throw invalidToken('size');
      const digest = hash('sha256', token, 'base64url');
      const known = verified.get(digest);
      const current = known ?? (await verifyOnce(token));
      const fault = claimsFault(current.claims, { issuer, audience, nowSeconds: clock().getTime() / 1000 });
      if (fault !== undefined) throw invalidToken(fault);
      const ended = revoked.faultOf(current.claims);
      if (ended !== undefined) throw invalidToken(ended);
      if (known === undefined) verified.set(digest, current);
      return current.principal;
    },
  };
}

function principalOf(claims: AccessClaims, token: string): Principal {
  return {
    type: claims.sty,
    id: claims.sub,
    tenantId: claims.tid,
    actor: claims.sub.startsWith('service:') ? claims.sub : `${claims.sty}:${claims.sub}`,
    tokenId: claims.jti,
    accessVersion: claims.pv,
    authTime: claims.auth_time,
    amr: claims.amr,
    acr: claims.acr,
    token,
    ...(claims.sid === undefined ? {} : { sessionId: claims.sid }),
    ...(claims.scope === undefined ? {} : { scope: claims.scope }),
    ...(claims.xsrf === undefined ? {} : { xsrf: claims.xsrf }),
    ...(claims.act === undefined ? {} : { actingService: claims.act.sub }),
  };
}

function invalidToken(reason: string): AuthError {
  return new AuthError('the access token is not valid', { code: 'INVALID_TOKEN', cause: new Error(reason) });
}
