import type { CursorCodec } from '@idp/database';
import { decodeCursorText, encodeCursorText, invalidCursor } from '../domain/query/cursor.ts';

/** Lists that hand out cursors; a cursor of one is refused by the others. */
export type CursorList = 'entities' | 'by-query' | 'locations';

/** A transaction signs for its own tenant only. */
interface Signer {
  readonly cursors: CursorCodec;
}

/** Signs the members of a cursor together with the tenant and the rights of the caller it was made for. */
export function writeSignedCursor(signer: Signer, list: CursorList, members: object, rights: string): string {
  return encodeCursorText({ ...members, sig: signer.cursors.encode([rights], binding(list, members), list) });
}

/**
 * Reads a cursor back; `sameRights` is false when it was made for a caller with other rights, whose totals it carries.
 * Throws `ValidationError` INVALID_CURSOR for anything not written here for this tenant and list, byte for byte.
 */
export function readSignedCursor<Members extends object>(
  signer: Signer,
  list: CursorList,
  text: string,
  rights: string,
): { members: Members; sameRights: boolean } {
  const { sig, ...members } = decodeCursorText(text);
  if (typeof sig !== 'string') throw invalidCursor();
  if (encodeCursorText({ ...members, sig }) !== text) throw invalidCursor();
  const [madeFor] = signer.cursors.decode(sig, binding(list, members), list);
  return { members: members as Members, sameRights: madeFor === rights };
}

function binding(list: CursorList, members: object) {
  // Rights are judged anew on every page, so any principal of the tenant may go on with a cursor.
  return { principal: '', route: `backstage:${list}`, filter: members };
}
