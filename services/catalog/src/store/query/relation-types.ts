import { relationPairs } from '../../domain/model/relation-pairs.ts';
import type { PostingSource } from '../../domain/query/postings.ts';
import { foldText } from '../../domain/query/text.ts';

type RelationSource = PostingSource & { kind: 'relations' };

const sources = new Map<string, RelationSource>(
  relationPairs.flatMap(({ id, forward, reverse }) => [
    [foldText(forward), { kind: 'relations', pairId: id, reverse: false }],
    [foldText(reverse), { kind: 'relations', pairId: id, reverse: true }],
  ]),
);

/** Where relations of a type (folded name) are found. */
export function relationOfType(type: string): RelationSource | undefined {
  return sources.get(type);
}
