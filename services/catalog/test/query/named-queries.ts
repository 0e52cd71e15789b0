import { parseFilters } from '../../src/domain/query/filter-grammar.ts';
import { parsePredicate } from '../../src/domain/query/predicate.ts';
import { textIn, type QueryNode } from '../../src/domain/query/tree.ts';
import type { CatalogTx } from '../../src/store/catalog-tx.ts';
import { readAncestry } from '../../src/store/query/ancestry.ts';
import {
  findEntitiesByNumbers,
  findEntitiesByRefs,
  findEntityByRef,
  findEntityByUid,
} from '../../src/store/query/find-entity.ts';
import { listLocations } from '../../src/store/query/locations.ts';
import type { PageRequest } from '../../src/store/query/page-sql.ts';
import { queryEntities, queryEntityNumbers } from '../../src/store/query/query-entities.ts';
import { listRegistryRows } from '../../src/store/query/services.ts';
import { uidOf } from '../support/fill-tenants.ts';

const byName: PageRequest & { withTotal: boolean; withRelations: boolean } = {
  order: [{ field: 'metadata.name', order: 'asc' }],
  missing: 'drop',
  ties: 'number',
  limit: 20,
  withTotal: true,
  withRelations: true,
};
const twoConditions = parseFilters(['kind=component,spec.type=type-1']);
const alternatives = parseFilters(['kind=component,spec.type=type-1', 'kind=api']);
const owned = parsePredicate({ relations: { $contains: { type: 'ownedBy', targetRef: 'group:default/team-1' } } });
const negated = parsePredicate({ $all: [{ kind: 'component' }, { $not: { 'spec.type': 'type-1' } }] });
const prefixed = parsePredicate({ 'metadata.name': { $hasPrefix: 'entity-00' } });
const read =
  (tree: QueryNode, page: Partial<typeof byName> = {}) =>
  (tx: CatalogTx) =>
    queryEntities(tx, { tree, page: { ...byName, ...page } });

/** Every named query of the read path, over the tenants of `fillTenants`; the uids are those of the 7th. */
export const namedQueries: [string, (tx: CatalogTx) => Promise<unknown>][] = [
  ['an entity by ref', (tx) => findEntityByRef(tx, 'component:default/entity-00010')],
  ['an entity by uid', (tx) => findEntityByUid(tx, uidOf(7, 10))],
  ['a visible entity by ref', (tx) => findEntityByRef(tx, 'component:default/entity-00010', twoConditions)],
  [
    'entities by refs',
    (tx) => findEntitiesByRefs(tx, ['component:default/entity-00010', 'api:default/x'], { withRelations: true }),
  ],
  ['entities by numbers', (tx) => findEntitiesByNumbers(tx, [20, 21, 22], true)],
  ['a page by name of all', (tx) => queryEntities(tx, { page: byName })],
  ['a page by name of two conditions', read(twoConditions)],
  ['the next page', read(twoConditions, { position: ['entity-00011', 31], withTotal: false })],
  ['a page of alternatives', read(alternatives)],
  ['a page of a relation', read(owned)],
  ['a page of a negation', read(negated)],
  ['a page of a prefix', read(prefixed)],
  ['a page in the order of numbers', read(twoConditions, { order: [] })],
  [
    'a page of two sort fields by ref',
    read(twoConditions, {
      order: [
        { field: 'spec.type', order: 'desc' },
        { field: 'metadata.title', order: 'asc' },
      ],
      missing: 'last',
      ties: 'ref',
    }),
  ],
  ['a page sorted by a relation', read(twoConditions, { order: [{ field: 'relations.ownedby', order: 'asc' }] })],
  ['a substring of most names', read(textIn(['metadata.name'], 'entity-00'))],
  [
    'the numbers of everything',
    (tx) => queryEntityNumbers(tx, { page: { ...byName, order: [], ties: 'ref', limit: 100_000 } }),
  ],
  ['facets of everything', (tx) => queryEntities(tx, { facets: ['spec.type', 'metadata.tags'] })],
  [
    'facets of two conditions',
    (tx) =>
      queryEntities(tx, { tree: twoConditions, facets: ['metadata.tags', 'relations.ownedby', 'relations.ownerof'] }),
  ],
  ['an ancestry', (tx) => readAncestry(tx, 'component:default/entity-00010')],
  ['locations', (tx) => listLocations(tx)],
  ['registry rows', (tx) => listRegistryRows(tx, [uidOf(7, 10), uidOf(7, 11)])],
];
