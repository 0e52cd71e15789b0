import { ValidationError } from '@idp/errors';
import { foldText } from './text.ts';

/** One sort key; the field is folded and names a key of the flattened entity. */
export interface SortField {
  readonly field: string;
  readonly order: 'asc' | 'desc';
}

/** Most sort keys of one list. */
export const sortFieldsMax = 10;

/** Parses `order=asc:<field>` parameters of `/entities`. Throws `ValidationError`. */
export function parseEntityOrder(texts: readonly string[]): SortField[] {
  return bounded(
    texts.map((text) => {
      const match = /^(asc|desc):(.+)$/.exec(text);
      if (match === null) {
        throw new ValidationError(`Invalid order parameter "${text}", expected "<asc or desc>:<field name>"`);
      }
      return sortField(match[2] ?? '', match[1] === 'desc' ? 'desc' : 'asc');
    }),
  );
}

/** Parses `orderField=<field>[,<asc or desc>]` parameters of `/entities/by-query`. Throws `ValidationError`. */
export function parseOrderFields(texts: readonly string[]): SortField[] {
  return bounded(
    texts.map((text) => {
      const [field = '', order = 'asc', ...rest] = text.split(',').map((part) => part.trim());
      if (rest.length > 0) throw new ValidationError(`Invalid order field "${text}", expected "<field>,<asc or desc>"`);
      return parseOrderBy(field, order);
    }),
  );
}

/** One entry of `orderBy` in the body of POST `/entities/by-query`. Throws `ValidationError`. */
export function parseOrderBy(field: string, order: string): SortField {
  if (order !== 'asc' && order !== 'desc') {
    throw new ValidationError('Invalid order field order, must be asc or desc');
  }
  if (field === '') throw new ValidationError('Invalid order field, the field name is missing');
  return sortField(field, order);
}

function sortField(field: string, order: SortField['order']): SortField {
  return { field: foldText(field), order };
}

function bounded(fields: SortField[]): SortField[] {
  if (fields.length > sortFieldsMax) throw new ValidationError(`At most ${sortFieldsMax} sort fields are allowed`);
  return fields;
}
