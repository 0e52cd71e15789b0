import { UnprocessableError } from '@idp/errors';

/** Where in the text: `offset` counts UTF-16 units from 0, `line` and `column` from 1. */
export interface Position {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** Why a text is no condition. */
export type RefusalReason =
  | 'too_long'
  | 'too_many_nodes'
  | 'too_deep'
  | 'nested_comprehension'
  | 'second_comprehension'
  | 'syntax'
  | 'unknown_attribute'
  | 'unknown_function'
  | 'unsupported'
  | 'type'
  | 'not_boolean'
  | 'not_filterable';

/** 422 `CONDITION_INVALID` or, for `not_filterable`, `CONDITION_NOT_FILTERABLE`; details are `{reason, position?}`. */
export function refuse(reason: RefusalReason, message: string, position?: Position): never {
  const code = reason === 'not_filterable' ? 'CONDITION_NOT_FILTERABLE' : 'CONDITION_INVALID';
  throw new UnprocessableError(message, { code, details: position === undefined ? { reason } : { reason, position } });
}

/** The position of an offset into a text. */
export function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { offset, line: before.split('\n').length, column: offset - lineStart + 1 };
}
