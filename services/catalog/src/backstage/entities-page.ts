import type { Tx } from '@idp/database';
import { cursorVersion, type Cursor, type Position } from '../domain/query/cursor.ts';
import type { SortField } from '../domain/query/order.ts';
import { everything, type QueryNode } from '../domain/query/tree.ts';
import { readSignedCursor, writeSignedCursor } from './signed-cursor.ts';

type Signer = Pick<Tx<never>, 'cursors'>;

/** What GET `/entities` was asked for. */
export interface EntitiesRequest {
  readonly query: QueryNode;
  readonly order: readonly SortField[];
  /** No paging parameter was given. */
  readonly whole: boolean;
  readonly limit: number | undefined;
  readonly offset: number;
  readonly after: string | undefined;
  /** Where `after` goes on. */
  readonly position: Position | undefined;
}

/** The request `after` stands for: filter, order and position come from the token, a given limit replaces its own. */
export function entitiesAfter(
  signer: Signer,
  request: EntitiesRequest,
  after: string,
  rights: string,
): EntitiesRequest {
  const { members } = readSignedCursor<Cursor>(signer, 'entities', after, rights);
  return {
    query: members.query ?? everything,
    order: members.orderFields,
    whole: false,
    limit: request.limit ?? members.limit,
    offset: request.offset,
    after,
    position: members.orderFieldValues,
  };
}

/** Token of the page after a position. */
export function afterToken(
  signer: Signer,
  request: EntitiesRequest,
  last: Position | undefined,
  rights: string,
): string {
  const members: Cursor = {
    v: cursorVersion,
    orderFields: request.order,
    isPrevious: false,
    query: request.query,
    orderFieldValues: last ?? [],
    totalItems: 0,
    ...(request.limit === undefined ? {} : { limit: request.limit }),
  };
  return writeSignedCursor(signer, 'entities', members, rights);
}

/** `link` header to the next page, relative to the mount, as Backstage writes it. */
export function nextPageLink(url: string, after: string): string {
  const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
  const parameters = new URLSearchParams(query);
  parameters.delete('offset');
  parameters.set('after', after);
  return `</entities?${parameters.toString()}>; rel="next"`;
}
