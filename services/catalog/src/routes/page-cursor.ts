import type { CursorCodec } from '@idp/database';
import { principalOf } from '@idp/service';
import type { FastifyRequest } from 'fastify';
import type { Position } from '../domain/query/cursor.ts';

/** Cursors of a native list: bound to tenant, principal, route, filter and sort. */
export interface PositionCodec {
  encode(position: Position): string;
  /** Throws ValidationError INVALID_CURSOR. */
  decode(cursor: string): Position;
}

/** `filter` is what selects and sorts; members that only cut the list are left out of it. */
export function positionCodec(
  { cursors }: { cursors: CursorCodec },
  request: FastifyRequest,
  list: { route: string; filter: object },
): PositionCodec {
  const binding = { principal: principalOf(request).id, route: list.route, filter: list.filter };
  return {
    // Sort values may be null, which a list cursor cannot hold as such.
    encode: (position) => cursors.encode([JSON.stringify(position)], binding, 'position'),
    decode: (cursor) => JSON.parse(String(cursors.decode(cursor, binding, 'position')[0])) as Position,
  };
}
