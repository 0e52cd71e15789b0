/**
 * A pair of relation types that say the same thing from both ends. Edges store the number; ids are stored, so they never
 * change. From 100 on they belong to pairs a tenant defines.
 */
export interface RelationPair {
  id: number;
  forward: string;
  reverse: string;
}

export const relationPairs: readonly RelationPair[] = [
  { id: 1, forward: 'ownedBy', reverse: 'ownerOf' },
  { id: 2, forward: 'partOf', reverse: 'hasPart' },
  { id: 3, forward: 'providesApi', reverse: 'apiProvidedBy' },
  { id: 4, forward: 'consumesApi', reverse: 'apiConsumedBy' },
  { id: 5, forward: 'dependsOn', reverse: 'dependencyOf' },
  { id: 6, forward: 'childOf', reverse: 'parentOf' },
  { id: 7, forward: 'memberOf', reverse: 'hasMember' },
];

/** The pair a relation type belongs to, and whether it is its forward side. */
export interface RelationSide {
  pair: RelationPair;
  forward: boolean;
}

const sides = new Map<string, RelationSide>(
  relationPairs.flatMap((pair) => [
    [pair.forward, { pair, forward: true }],
    [pair.reverse, { pair, forward: false }],
  ]),
);

/** Undefined for a relation type nobody defined. Types are compared as written. */
export function findRelationSide(type: string): RelationSide | undefined {
  return sides.get(type);
}

export function findRelationPair(id: number): RelationPair | undefined {
  return relationPairs.find((pair) => pair.id === id);
}
