import type { JsonLimits } from './json-limits.ts';
import { JsonFault, syntax, unescaped } from './json-fault.ts';
import { createMemberNames, type MemberNames } from './member-names.ts';

const quote = 0x22;
const backslash = 0x5c;

// What a byte means between tokens. Anything else is left to JSON.parse to refuse.
const kindSpace = 1;
const kindNumber = 2;
const kindLetter = 3;
const tokenKinds = byteTable((byte) => {
  if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) return kindSpace;
  if ((byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2b || byte === 0x2e) return kindNumber;
  if (byte >= 0x61 && byte <= 0x7a) return kindLetter;
  return 0;
});
const numberBytes = byteTable((byte) => (tokenKinds[byte] === kindNumber || byte === 0x65 || byte === 0x45 ? 1 : 0));

// Bytes at which the text loop stops: quote, backslash, C0, DEL, and 0xC2, which leads C1 controls in UTF-8.
const textStops = byteTable((byte) =>
  byte === quote || byte === backslash || byte < 0x20 || byte === 0x7f || byte === 0xc2 ? 1 : 0,
);

function byteTable(value: (byte: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => value(byte));
}

/**
 * Checks the bytes of a JSON text against `limits` and for what JSON.parse would silently accept or repair: member names
 * that occur twice (RFC 8259 §4, compared after unescaping), names that reach prototypes, numbers a double cannot hold, lone
 * surrogates and control characters. It is no validator: texts that are not JSON may pass and are refused by JSON.parse.
 * One scanner serves one call at a time.
 */
export function createJsonScanner(): { scan(bytes: Buffer, limits: JsonLimits): void } {
  const names = createMemberNames();
  return { scan: (bytes, limits) => scan(bytes, limits, names) };
}

// One loop over the bytes with its state in locals: split into functions it takes half as long again.
function scan(bytes: Buffer, limits: JsonLimits, names: MemberNames): void {
  const end = bytes.length;
  const isObject: boolean[] = [];
  const counts: number[] = [];
  let depth = 0;
  let values = 0;
  let inObject = false;
  let nameNext = false;
  let at = 0;
  names.reset();
  while (at < end) {
    const byte = bytes[at]!;
    const kind = tokenKinds[byte]!;
    if (kind === kindSpace) {
      at++;
      continue;
    }
    if (byte === 0x2c) {
      nameNext = inObject;
      at++;
      continue;
    }
    if (byte === 0x3a) {
      nameNext = false;
      at++;
      continue;
    }
    if (byte === 0x7d || byte === 0x5d) {
      if (depth === 0 || inObject !== (byte === 0x7d)) throw syntax(at);
      if (inObject) names.leave();
      depth--;
      inObject = depth > 0 && isObject[depth]!;
      nameNext = false;
      at++;
      continue;
    }
    if (nameNext && byte === quote) {
      const close = textEnd(bytes, at + 1, limits);
      names.add(bytes, at, close);
      if (++counts[depth]! > limits.members) throw tooMany('members', limits.members, at);
      nameNext = false;
      at = close + 1;
      continue;
    }
    if (++values > limits.values) throw tooMany('values', limits.values, at);
    if (depth > 0 && !inObject && ++counts[depth]! > limits.items) throw tooMany('items', limits.items, at);
    if (byte === quote) {
      at = textEnd(bytes, at + 1, limits) + 1;
    } else if (kind === kindNumber) {
      at = numberEnd(bytes, at, limits);
    } else if (kind === kindLetter) {
      at++;
      while (at < end && tokenKinds[bytes[at]!] === kindLetter) at++;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > limits.depth) throw new JsonFault('too_deep', `nesting is deeper than ${limits.depth}`, at);
      inObject = byte === 0x7b;
      isObject[depth] = inObject;
      counts[depth] = 0;
      nameNext = inObject;
      if (inObject) names.enter();
      at++;
    } else {
      throw syntax(at);
    }
  }
}

/** Offset of the closing quote of the text that begins at `start`. */
function textEnd(bytes: Buffer, start: number, limits: JsonLimits): number {
  const end = bytes.length;
  let at = start;
  for (;;) {
    while (at < end && textStops[bytes[at]!] === 0) at++;
    if (at >= end) throw syntax(start);
    const byte = bytes[at]!;
    if (byte === quote) break;
    if (byte === backslash) at = escapeEnd(bytes, at, limits);
    else if (byte < 0x20) throw syntax(at);
    else if (byte === 0x7f) at = checked(byte, at, limits) + 1;
    else at = (bytes[at + 1]! < 0xa0 ? checked(bytes[at + 1]!, at, limits) : at) + 2;
  }
  if (at - start > limits.stringBytes) checkLength(bytes, start, at, limits);
  return at;
}

/** The raw form may be longer than the text because of its escapes; only the text counts. */
function checkLength(bytes: Buffer, start: number, end: number, limits: JsonLimits): void {
  const text = unescaped(bytes, start - 1, end);
  if (Buffer.byteLength(text) > limits.stringBytes) {
    throw new JsonFault('string_too_long', `a text is longer than ${limits.stringBytes} bytes`, start);
  }
}

function escapeEnd(bytes: Buffer, at: number, limits: JsonLimits): number {
  const kind = bytes[at + 1];
  if (kind !== 0x75) {
    if (kind === 0x62 || kind === 0x66) checked(0x08, at, limits);
    return at + 2;
  }
  const code = hex4(bytes, at + 2);
  if (code >= 0xd800 && code <= 0xdfff) {
    const low = code < 0xdc00 && bytes[at + 6] === backslash && bytes[at + 7] === 0x75 ? hex4(bytes, at + 8) : 0;
    if (low < 0xdc00 || low > 0xdfff) throw new JsonFault('lone_surrogate', 'a surrogate stands alone', at);
    return at + 12;
  }
  if (code < 0xa0) checked(code, at, limits);
  return at + 6;
}

/** Refuses NUL always, other controls unless the route takes them; tab and line ends pass. */
function checked(code: number, at: number, limits: JsonLimits): number {
  const isControl = (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) || (code >= 0x7f && code < 0xa0);
  if (isControl && (code === 0 || !limits.controls)) {
    throw new JsonFault('control_character', 'a text holds a control character', at);
  }
  return at;
}

function hex4(bytes: Buffer, at: number): number {
  let code = 0;
  for (let index = at; index < at + 4; index++) {
    const byte = bytes[index] ?? 0;
    const digit =
      byte >= 0x30 && byte <= 0x39
        ? byte - 0x30
        : (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66
          ? (byte | 0x20) - 0x57
          : -1;
    if (digit < 0) throw syntax(at);
    code = code * 16 + digit;
  }
  return code;
}

function numberEnd(bytes: Buffer, start: number, limits: JsonLimits): number {
  let at = start + 1;
  let isPlain = bytes[start] !== 0x2d;
  while (at < bytes.length && numberBytes[bytes[at]!] === 1) {
    if (bytes[at]! > 0x39) isPlain = false;
    at++;
  }
  const length = at - start;
  if (length > limits.numberLength) {
    throw new JsonFault('number_too_long', `a number is longer than ${limits.numberLength} characters`, start);
  }
  if (!isPlain || length > 15) checkNumber(bytes.toString('latin1', start, at), start);
  return at;
}

/** Refuses numbers that a double turns into something else: ±Infinity, zero, negative zero, or a whole number. */
function checkNumber(text: string, at: number): void {
  const value = Number(text);
  if (Number.isNaN(value)) throw syntax(at);
  const [mantissa = '', exponent] = text.split(/e/i);
  const vanished = value === 0 && (/[1-9]/.test(mantissa) || text.startsWith('-'));
  const rounded = exponent === undefined && Number.isInteger(value) && /\.\d*[1-9]/.test(mantissa);
  if (!Number.isFinite(value) || vanished || rounded) {
    throw new JsonFault('number_range', 'a number does not fit a double', at);
  }
}

function tooMany(what: 'members' | 'items' | 'values', limit: number, at: number): JsonFault {
  const where = { members: ' in one object', items: ' in one array', values: '' }[what];
  return new JsonFault(`too_many_${what}`, `more than ${limit} ${what}${where}`, at);
}
