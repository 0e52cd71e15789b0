import { isAscii, isUtf8 } from 'node:buffer';
import { ValidationError } from '@idp/errors';
import type { JsonLimits } from './json-limits.ts';
import { JsonFault } from './json-fault.ts';
import { createJsonScanner } from './json-scanner.ts';

/** Parses the bytes of a JSON body; an empty body is undefined. 400 `VALIDATION_ERROR` names what is wrong and where. */
export type JsonParser = (bytes: Buffer, limits: JsonLimits) => unknown;

/** A parser that refuses, before anything is built, what JSON.parse would repair or what is out of bounds. */
export function createJsonParser(): JsonParser {
  const scanner = createJsonScanner();
  return (bytes, limits) => {
    if (bytes.length === 0) return undefined;
    try {
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
        throw new JsonFault('byte_order_mark', 'the body begins with a byte order mark', 0);
      }
      const ascii = isAscii(bytes);
      if (!ascii && !isUtf8(bytes)) throw new JsonFault('utf8', 'the body is not valid UTF-8', 0);
      scanner.scan(bytes, limits);
      return JSON.parse(ascii ? bytes.toString('latin1') : bytes.toString('utf8'));
    } catch (error) {
      throw refusal(error);
    }
  };
}

function refusal(error: unknown): Error {
  if (error instanceof JsonFault) {
    const where = error.code === 'utf8' ? '' : ` (byte ${error.offset})`;
    return invalidBody(error.message + where, error.code, error);
  }
  // Its text quotes the body, so it is not shown.
  if (error instanceof SyntaxError) return invalidBody('the body is not valid JSON', 'syntax', error);
  return error as Error;
}

function invalidBody(message: string, code: string, cause: Error): ValidationError {
  return new ValidationError('the body is not valid', { issues: [{ path: 'body', message, code }], cause });
}
