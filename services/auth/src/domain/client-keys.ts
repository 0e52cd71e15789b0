import { createPublicKey, type JsonWebKeyInput } from 'node:crypto';
import { z } from 'zod';

const kid = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible characters');
const coordinate = z.string().regex(/^[\w-]{43}$/, 'must be 32 bytes in base64url');
const use = z.literal('sig').optional();

const key = z.discriminatedUnion('crv', [
  z.strictObject({
    kty: z.literal('OKP'),
    crv: z.literal('Ed25519'),
    x: coordinate,
    kid,
    alg: z.literal('EdDSA').optional(),
    use,
  }),
  z.strictObject({
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: coordinate,
    y: coordinate,
    kid,
    alg: z.literal('ES256').optional(),
    use,
  }),
]);

/**
 * Public keys of a program (RFC 7517 §5) by which it proves who it is (`private_key_jwt`, RFC 7523 §2.2): EdDSA or ES256, each with a
 * `kid` of its own. Private members are refused, as is a point that lies on no curve.
 */
export const clientKeys = z.strictObject({
  keys: z
    .array(key.refine(isOnCurve, 'is no public key'))
    .max(10)
    .refine((keys) => new Set(keys.map((each) => each.kid)).size === keys.length, 'two keys have one kid'),
});

export type ClientKeys = z.output<typeof clientKeys>;

function isOnCurve(jwk: z.output<typeof key>): boolean {
  try {
    createPublicKey({ key: jwk, format: 'jwk' } as JsonWebKeyInput);
    return true;
  } catch {
    return false;
  }
}
