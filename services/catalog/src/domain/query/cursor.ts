import { ValidationError } from '@idp/errors';
import type { SortField } from './order.ts';
import type { QueryNode } from './tree.ts';

/** Format of the cursors written here; another number is another format. */
export const cursorVersion = 1;

/** Full text as asked for: the folded term and the keys it is looked for in. */
export interface FullText {
  readonly term: string;
  readonly fields: readonly string[];
}

/**
 * Position in a sorted list of entities: the sort values of a row (null where it has none) and, last, what breaks
 * ties: the row's number, or its ref where ties are ordered by ref.
 */
export type Position = readonly (string | number | null)[];

/**
 * What a page needs to go on. The members are those of Backstage's cursor, because clients look into it: the
 * catalog client decodes it with `atob` and uses POST when `query` is present.
 */
export interface Cursor {
  readonly v: typeof cursorVersion;
  readonly orderFields: readonly SortField[];
  readonly isPrevious: boolean;
  readonly query?: QueryNode;
  readonly fullTextFilter?: FullText;
  readonly orderFieldValues: Position;
  readonly firstSortFieldValues?: Position;
  /** 0 when the caller asked for no total; a list with a next page has at least one row. */
  readonly totalItems: number;
  /** Page size, where the list keeps it from page to page. */
  readonly limit?: number;
}

/** Standard base64 of JSON in ASCII, so that `atob` gives the text itself. */
export function encodeCursorText(members: object): string {
  const json = JSON.stringify(members).replaceAll(/[\u007f-\uffff]/g, escapeUnit);
  return btoa(json);
}

/** Reads what `encodeCursorText` wrote. Throws `ValidationError` INVALID_CURSOR for anything that is no JSON object. */
export function decodeCursorText(text: string): Record<string, unknown> {
  let members: unknown;
  try {
    members = JSON.parse(atob(text));
  } catch (cause) {
    throw invalidCursor(cause);
  }
  if (typeof members !== 'object' || members === null || Array.isArray(members)) throw invalidCursor();
  return members as Record<string, unknown>;
}

export function invalidCursor(cause?: unknown): ValidationError {
  return new ValidationError('Malformed cursor', { code: 'INVALID_CURSOR', cause });
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
