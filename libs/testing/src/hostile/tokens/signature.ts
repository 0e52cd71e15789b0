import { createHmac, sign } from 'node:crypto';
import { MissingError } from '../missing.ts';
import { attackerKeys, jwkText } from './keys.ts';
import type { TokenKey, TokenKeys } from './keys.ts';

/** Order of the group of Ed25519 (RFC 8032 §5.1). */
const ed25519Order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;
/** Order of the group of P-256 (FIPS 186-5, SP 800-186 §3.2.1.3). */
const p256Order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Signature of a token's first two parts, made the way an item says; `kid` is set where the way names a key of its own. */
export interface TokenSigner {
  kid?: string;
  sign(text: string): Buffer;
}

/** How `sign` of an item signs; without one, as the platform does. Throws {@link MissingError} for a way nobody makes. */
export function signerFor(way: string | undefined, keys: TokenKeys): TokenSigner {
  if (way === undefined) return withKey(keys.active);
  if (way === 'retired' || way === 'revoked' || way === 'other-environment') return withKey(keys[way]);
  const make = ways[way];
  if (make === undefined) throw new MissingError('capability', `signature ${way}`);
  return { sign: (text) => make(text, keys) };
}

function withKey({ kid, privateKey }: TokenKey): TokenSigner {
  return { kid, sign: (text) => sign(null, Buffer.from(text), privateKey) };
}

type Make = (text: string, keys: TokenKeys) => Buffer;

const ways: Readonly<Record<string, Make>> = {
  none: () => Buffer.alloc(0),
  zero: () => Buffer.alloc(64),
  // R is the neutral element and S is 0: valid for every message under a key of small order.
  'small-order': () => Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]),
  'attacker:RS256': (text) => sign('sha256', Buffer.from(text), attackerKeys().rsa),
  'attacker:EdDSA': (text) => sign(null, Buffer.from(text), attackerKeys().okp),
  'es256:der': (text) => sign('sha256', Buffer.from(text), attackerKeys().ec),
  'es256:high-s': highS,
  'eddsa:s-plus-l': sPlusOrder,
  'hmac:empty': hmac(() => ''),
  'hmac:public-key-raw': hmac(({ active }) =>
    Buffer.from((JSON.parse(jwkText(active.publicKey)) as { x: string }).x, 'base64url'),
  ),
  'hmac:public-key-pem': hmac(({ active }) => active.publicKey.export({ format: 'pem', type: 'spki' })),
  'hmac:public-jwk-json': hmac(({ active }) => jwkText(active.publicKey)),
};

function hmac(material: (keys: TokenKeys) => string | Buffer): Make {
  return (text, keys) => createHmac('sha256', material(keys)).update(text).digest();
}

/** The other signature of the same message: n − s. */
function highS(text: string): Buffer {
  const signature = sign('sha256', Buffer.from(text), { key: attackerKeys().ec, dsaEncoding: 'ieee-p1363' });
  const s = BigInt(`0x${signature.subarray(32).toString('hex')}`);
  const high = s > p256Order / 2n ? s : p256Order - s;
  return Buffer.concat([signature.subarray(0, 32), Buffer.from(high.toString(16).padStart(64, '0'), 'hex')]);
}

/** S + L: the equation still holds, the form is forbidden (RFC 8032 §5.1.7). */
function sPlusOrder(text: string, { active }: TokenKeys): Buffer {
  const signature = sign(null, Buffer.from(text), active.privateKey);
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`);
  const sum = Buffer.from((s + ed25519Order).toString(16).padStart(64, '0'), 'hex').reverse();
  return Buffer.concat([signature.subarray(0, 32), sum]);
}
