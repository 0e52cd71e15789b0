import { ValidationError } from '@idp/errors';

const nulEscape = /(?<!\\)(?:\\\\)*\\u0000/;

/**
 * Prepares values for the wire: dates as ISO text, plain objects as JSON text, everything else as pg takes it.
 * Text that PostgreSQL cannot hold (U+0000) or that is not Unicode (lone surrogates) is refused before it is sent.
 */
export function encodeParameters(values: readonly unknown[]): unknown[] {
  return values.map(encodeParameter);
}

function encodeParameter(value: unknown): unknown {
  if (typeof value === 'string') return checkedText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Buffer.isBuffer(value)) return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(encodeParameter);
  const json = checkedText(JSON.stringify(value));
  if (nulEscape.test(json)) throw unstorable();
  return json;
}

function checkedText(text: string): string {
  if (text.includes('\0') || !text.isWellFormed()) throw unstorable();
  return text;
}

function unstorable(): ValidationError {
  return new ValidationError('Text must not contain U+0000 or unpaired surrogates.');
}
