import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Names } from '../values/names.ts';

/** A key by which tokens are signed, under the name verifiers look it up by. */
export interface TokenKey {
  kid: string;
  privateKey: KeyObject;
}

/** Keys a run may sign with. All but `active` sign tokens that must be refused. */
export interface TokenKeys {
  /** The Ed25519 key by which the platform signs now. */
  active: TokenKey & { publicKey: KeyObject };
  retired: TokenKey;
  revoked: TokenKey;
  'other-environment': TokenKey;
}

/** Keys the platform never saw, and what an attacker makes of them. */
export interface AttackerKeys {
  rsa: KeyObject;
  okp: KeyObject;
  ec: KeyObject;
  names: Names;
}

let made: AttackerKeys | undefined;

/** Made at the first call: an RSA key of 2048 bits takes its time. */
export function attackerKeys(): AttackerKeys {
  if (made !== undefined) return made;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const okp = generateKeyPairSync('ed25519');
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const values: Readonly<Record<string, () => string>> = {
    'attacker.rsaJwk': () => jwkText(rsa.publicKey),
    'attacker.okpJwk': () => jwkText(okp.publicKey),
    'attacker.certificate': () => selfSigned(rsa).toString('base64'),
  };
  made = { rsa: rsa.privateKey, okp: okp.privateKey, ec: ec.privateKey, names: (name) => values[name]?.() };
  return made;
}

/** The public key as JSON text (RFC 7517). */
export function jwkText(key: KeyObject): string {
  return JSON.stringify(key.export({ format: 'jwk' }));
}

/** A self-signed certificate in DER (RFC 5280 §4.1), sha256WithRSAEncryption, subject and issuer `CN=a`. */
function selfSigned({ publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }): Buffer {
  const algorithm = der(0x30, Buffer.from('06092a864886f70d01010b0500', 'hex'));
  const name = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('a')))));
  const validity = der(0x30, der(0x17, Buffer.from('250101000000Z')), der(0x17, Buffer.from('490101000000Z')));
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  const serial = der(0x02, createHash('sha256').update(spki).digest().subarray(0, 4).fill(1, 0, 1));
  const body = der(0x30, serial, algorithm, name, validity, name, spki);
  const signature = sign('sha256', body, privateKey);
  return der(0x30, body, algorithm, der(0x03, Buffer.from([0]), signature));
}

/** Tag, length and value of X.690 §8.1. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), value]);
}
