import { relationPairs } from '../../domain/model/relation-pairs.ts';
import type { PostingSource } from '../../domain/query/postings.ts';
import { foldText } from '../../domain/query/text.ts';

type RelationSource = PostingSource & { kind: 'relations' };

const sources = new Map<string, RelationSource>();
const names = new Map<number, string>();
for (const pair of relationPairs) {
  sources.set(foldText(pair.forward), { kind: 'relations', pairId: pair.id, reverse: false });
  sources.set(foldText(pair.reverse), { kind: 'relations', pairId: pair.id, reverse: true });
  names.set(relationCode(pair.id, false), pair.forward);
  names.set(relationCode(pair.id, true), pair.reverse);
}

/** Where relations of a type (folded name) are found. */
export function relationOfType(type: string): RelationSource | undefined {
  return sources.get(type);
}

/** One number for a pair and the end it is seen from; `entityColumns` computes the same in SQL. */
function relationCode(pairId: number, reverse: boolean): number {
  return pairId * 2 + (reverse ? 1 : 0);
}

/** Name of the relation `entityColumns` calls `code`. */
export function relationName(code: number): string | undefined {
  return names.get(code);
}
