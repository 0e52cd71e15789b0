import { celEnv, celFunc, CelScalar } from '@bufbuild/cel';

/** Longest text and list a condition works on, where its work grows with them. */
export const textBytesMax = 4_096;
export const listItemsMax = 200;

/** Whether a text is longer than a condition may take. */
export function isLongText(text: string): boolean {
  return text.length * 3 > textBytesMax && Buffer.byteLength(text) > textBytesMax;
}

const surrogate = /[\ud800-\udfff]/;

/**
 * Order of code points, as CEL defines it and PostgreSQL has it under "C". JavaScript orders UTF-16 units, which
 * differs only where characters beyond U+FFFF meet.
 */
export function compareText(left: string, right: string): number {
  if (surrogate.test(left) && surrogate.test(right)) return Buffer.compare(Buffer.from(left), Buffer.from(right));
  if (surrogate.test(left) || surrogate.test(right)) return Buffer.compare(Buffer.from(left), Buffer.from(right));
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function concatenate(left: string, right: string): string {
  const text = left + right;
  if (isLongText(text)) throw new RangeError(`text is longer than ${textBytesMax} bytes`);
  return text;
}

const { BOOL, STRING } = CelScalar;

/** The library's functions, with the order of text corrected and its length bounded. */
export const environment = celEnv({
  funcs: [
    celFunc('_<_', [STRING, STRING], BOOL, (left, right) => compareText(left, right) < 0),
    celFunc('_<=_', [STRING, STRING], BOOL, (left, right) => compareText(left, right) <= 0),
    celFunc('_>_', [STRING, STRING], BOOL, (left, right) => compareText(left, right) > 0),
    celFunc('_>=_', [STRING, STRING], BOOL, (left, right) => compareText(left, right) >= 0),
    celFunc('_+_', [STRING, STRING], STRING, concatenate),
  ],
});
