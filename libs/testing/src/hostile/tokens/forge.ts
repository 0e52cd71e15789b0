import { createHmac } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import type { Form } from '../items.ts';
import { MissingError } from '../missing.ts';
import { makeValue } from '../values/form.ts';
import type { Names } from '../values/names.ts';
import { attackerKeys } from './keys.ts';
import type { TokenKeys } from './keys.ts';
import { signerFor } from './signature.ts';

/** Changes an item makes to a valid access token. */
export interface TokenChanges {
  /** Merged into the header; null deletes. */
  header?: Readonly<Record<string, Form>>;
  claims?: Readonly<Record<string, Form>>;
  /** Instead of the claims. */
  payloadText?: Form;
  sign?: string;
  then?: string;
}

interface Workshop {
  keys: TokenKeys;
  names: Names;
  /** Unix seconds. */
  nowSeconds: number;
}

/** A copy of `token` with these changes, signed anew. Without changes it is as good as the token itself. */
export function forgeToken(token: string, changes: TokenChanges, { keys, names, nowSeconds }: Workshop): string {
  const { header, claims } = readToken(token);
  const signer = signerFor(changes.sign, keys);
  const own = signer.kid === undefined ? header : { ...header, kid: signer.kid };
  const known: Names = (name) => attackerKeys().names(name) ?? names(name);
  const made = (form: Form) => makeClaim(form, known, nowSeconds);
  const parts = {
    header: merge(own, changes.header, made),
    payload:
      changes.payloadText === undefined
        ? JSON.stringify(merge(claims, changes.claims, made))
        : makeValue(changes.payloadText, known),
  };
  const write = (header: object, payload: unknown): string => {
    const body = `${encode(JSON.stringify(header))}.${encode(payload as string | Buffer)}`;
    return `${body}.${encode(signer.sign(body))}`;
  };
  if (changes.then === 'nest-signed-token')
    return write(parts.header, write({ ...header, cty: undefined }, parts.payload));
  const text = write(parts.header, parts.payload);
  if (changes.then === undefined) return text;
  const change = changesOfText[changes.then];
  if (change === undefined) throw new MissingError('capability', `token text ${changes.then}`);
  return change(text, () => write(parts.header, JSON.stringify({ ...claims, jti: 'another' })));
}

/** Header and claims of a compact JWS, unchecked. */
export function readToken(token: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = '', claims = ''] = token.split('.');
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  return { header: read(header), claims: read(claims) };
}

function encode(part: string | Buffer): string {
  return Buffer.from(part as Buffer).toString('base64url');
}

/** Times inside a token are numbers; a value that is a JWK as text stands there as an object. */
function makeClaim(form: Form, names: Names, nowSeconds: number): unknown {
  const seconds = (form as { $now?: number } | null)?.$now;
  if (typeof seconds === 'number') return Math.floor(nowSeconds) + seconds;
  const value = makeValue(form, names);
  return typeof value === 'string' && value.startsWith('{"') ? (JSON.parse(value) as unknown) : value;
}

function merge(
  valid: Record<string, unknown>,
  changes: Readonly<Record<string, Form>> = {},
  make: (form: Form) => unknown,
): Record<string, unknown> {
  const changed = Object.entries(changes).map(
    ([name, form]) => [name, form === null ? undefined : make(form)] as const,
  );
  // A member that is undefined is left out by JSON.stringify.
  return { ...valid, ...Object.fromEntries(changed) };
}

/** `again` makes another token of the same signer. */
type ChangeText = (text: string, again: () => string) => string;

const changesOfText: Readonly<Record<string, ChangeText>> = {
  'drop-last-signature-byte': (text) => onSignature(text, (signature) => signature.subarray(0, -1)),
  'flip-one-signature-bit': (text) =>
    onSignature(text, (signature) => Buffer.from(signature.map((byte, at) => (at === 10 ? byte ^ 1 : byte)))),
  'swap-signature': (text, again) => `${text.slice(0, text.lastIndexOf('.'))}.${again().split('.')[2]}`,
  'standard-base64': (text) => {
    // The alphabets differ in two signs; the end of a header that says so has one of them.
    const [header = '', payload = '', signature = ''] = text.split('.');
    const standard = (part: string) => Buffer.from(part, 'base64url').toString('base64').replace(/=+$/, '');
    const changed = [header, payload, signature].map(standard).join('.');
    return changed === text ? `${text.slice(0, -1)}+` : changed;
  },
  'pad-base64': (text) =>
    text
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString('base64url') + '='.repeat((4 - (part.length % 4)) % 4))
      .join('.'),
  'change-unused-trailing-bits': (text) => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // 64 bytes leave four bits of the last sign unused.
    return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) ?? 'A') ^ 1];
  },
  'insert-space-after-first-dot': (text) => text.replace('.', '. '),
  'remove-dots': (text) => text.replaceAll('.', ''),
  'jwe-shape': (text) => `${text}.${encode('iv')}.${encode('tag')}`,
  'jwe-def-bomb': () => jwe(deflateRawSync(Buffer.alloc(4 * 1024 * 1024))),
};

function onSignature(text: string, change: (signature: Buffer) => Buffer): string {
  const at = text.lastIndexOf('.') + 1;
  return text.slice(0, at) + encode(change(Buffer.from(text.slice(at), 'base64url')));
}

/** Five parts that say the content is compressed (RFC 7516 §4.1.3); a few KiB would unfold to megabytes. */
function jwe(content: Buffer): string {
  const header = encode(JSON.stringify({ alg: 'dir', enc: 'A256GCM', zip: 'DEF', typ: 'at+jwt' }));
  const tag = createHmac('sha256', '').update(content).digest().subarray(0, 16);
  return [header, '', encode(Buffer.alloc(12)), encode(content), encode(tag)].join('.');
}
