import { celEnv, celFunc, celMethod, CelScalar } from '@bufbuild/cel';

/** Longest text and list a condition works on, where its work grows with them. */
export const textBytesMax = 4_096;
export const listItemsMax = 200;

/** Whether a text is longer than a condition may take. */
export function isLongText(text: string): boolean {
  return text.length * 3 > textBytesMax && Buffer.byteLength(text) > textBytesMax;
}

const surrogate = /[\ud800-\udfff]/;
const surrogatePairs = /[\ud800-\udbff][\udc00-\udfff]/g;

/**
 * Order of code points, as CEL defines it and PostgreSQL has it under "C". JavaScript orders UTF-16 units, which
 * differs where characters beyond U+FFFF meet those from U+E000 on.
 */
function compareText(left: string, right: string): number {
  if (!surrogate.test(left) && !surrogate.test(right)) return left === right ? 0 : left < right ? -1 : 1;
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const [one, other] = [left.charCodeAt(at), right.charCodeAt(at)];
    if (one !== other) return inCodePointOrder(one) - inCodePointOrder(other);
  }
  return left.length - right.length;
}

/** A UTF-16 unit moved so that surrogates come last. */
function inCodePointOrder(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Characters of a text; the library's own count takes 50 times as long. */
function sizeOf(text: string): bigint {
  return BigInt(surrogate.test(text) ? text.length - (text.match(surrogatePairs)?.length ?? 0) : text.length);
}

function concatenate(left: string, right: string): string {
  const text = left + right;
  if (isLongText(text)) throw new RangeError(`text is longer than ${textBytesMax} bytes`);
  return text;
}

const { BOOL, INT, STRING } = CelScalar;

/** The library's functions, with the order of text corrected and its length bounded. */
export const environment = celEnv({
  funcs: [
    celFunc('_<_', [STRING, STRING], BOOL, (left, right) => compareText(left, right) < 0),
    celFunc('_<=_', [STRING, STRING], BOOL, (left, right) => compareText(left, right) <= 0),
    celFunc('_>_', [STRING, STRING], BOOL, (left, right) => compareText(left, right) > 0),
    celFunc('_>=_', [STRING, STRING], BOOL, (left, right) => compareText(left, right) >= 0),
    celFunc('_+_', [STRING, STRING], STRING, concatenate),
    celFunc('size', [STRING], INT, sizeOf),
    celMethod('size', STRING, [], INT, function size(this: string) {
      return sizeOf(this);
    }),
  ],
});
