import { z } from 'zod';
import { authContextClasses } from './principal.ts';

/** Lifetime of an access token; longer ones are refused whoever signed them. */
export const accessTokenSeconds = 900;
/** Tolerated difference between two clocks. */
export const clockSkewSeconds = 60;

const uuid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
const serviceName = z.string().regex(/^service:[a-z][a-z0-9-]{0,62}$/);
const seconds = z.int().min(0).max(253_402_300_799);
/** RFC 6749 §3.3: visible ASCII but `"` and `\`, separated by single spaces. */
const scope = z
  .string()
  .max(4096)
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/);

/** Claims of an access token, typed; members not named here are dropped. `aud` is one string, never a list. */
export const accessClaims = z
  .object({
    iss: z.string().min(1),
    aud: z.string().min(1),
    sub: z.union([uuid, serviceName]),
    sty: z.enum(['user', 'service']),
    tid: uuid,
    sid: uuid.optional(),
    jti: z.string().regex(/^[\w-]{1,64}$/),
    iat: seconds,
    exp: seconds,
    auth_time: seconds,
    amr: z.array(z.string().regex(/^[a-z0-9_-]{1,32}$/)).max(8),
    acr: z.enum(authContextClasses),
    pv: z.int().min(0),
    ep: z.int().min(0).optional(),
    scope: scope.optional(),
    client_id: z.string().min(1).max(256).optional(),
    act: z.object({ sub: serviceName }).optional(),
    xsrf: z
      .string()
      .regex(/^[\w-]{43}$/)
      .optional(),
  })
  .refine((claims) => claims.sty === 'service' || (claims.sid !== undefined && claims.ep !== undefined), {
    message: 'a user token names its session and epoch',
  })
  .refine((claims) => claims.sty === 'service' || !claims.sub.startsWith('service:'), {
    message: 'a user token has a user as its subject',
  });

export type AccessClaims = z.output<typeof accessClaims>;

/**
 * The reason why `claims` are not valid here and now, or undefined: issuer and audience byte for byte, lifetime at most
 * 900 s, 60 s of skew on both ends. `nowSeconds` may have a fraction.
 */
export function claimsFault(
  claims: AccessClaims,
  expected: { issuer: string; audience: string; nowSeconds: number },
): string | undefined {
  if (claims.iss !== expected.issuer) return 'issuer';
  if (claims.aud !== expected.audience) return 'audience';
  if (claims.exp <= claims.iat || claims.exp - claims.iat > accessTokenSeconds) return 'lifetime';
  if (claims.exp + clockSkewSeconds <= expected.nowSeconds) return 'expired';
  if (claims.iat - clockSkewSeconds > expected.nowSeconds) return 'not yet valid';
  if (claims.auth_time > claims.iat) return 'auth_time';
  return undefined;
}
