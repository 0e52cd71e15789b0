/** Why a body is refused before it is parsed. */
export type JsonFaultCode =
  | 'syntax'
  | 'utf8'
  | 'byte_order_mark'
  | 'too_deep'
  | 'too_many_members'
  | 'too_many_items'
  | 'too_many_values'
  | 'string_too_long'
  | 'number_too_long'
  | 'number_range'
  | 'duplicate_member'
  | 'forbidden_member'
  | 'control_character'
  | 'lone_surrogate';

/** Thrown by the scanner; `offset` counts bytes from the start of the body. */
export class JsonFault extends Error {
  readonly code: JsonFaultCode;
  readonly offset: number;

  constructor(code: JsonFaultCode, message: string, offset: number) {
    super(message);
    this.name = 'JsonFault';
    this.code = code;
    this.offset = offset;
  }
}

/** The text is not JSON. */
export function syntax(at: number): JsonFault {
  return new JsonFault('syntax', 'the body is not valid JSON', at);
}

/** The text between two quotes, whose offsets are given, with its escapes resolved. */
export function unescaped(bytes: Buffer, openQuote: number, closeQuote: number): string {
  try {
    return JSON.parse(bytes.toString('utf8', openQuote, closeQuote + 1)) as string;
  } catch {
    throw syntax(openQuote);
  }
}
