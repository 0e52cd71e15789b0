import { sql, type RawBuilder } from 'kysely';
import { named } from '@idp/database';
import type { Literals, PostingNode, PostingSource } from '../../domain/query/postings.ts';
import { matching } from './posting-sql.ts';
import type { CatalogTx } from '../catalog-tx.ts';

/** One bucket: a value in original casing and how many matching entities have it. */
export interface FacetCount {
  readonly value: string;
  readonly count: number;
}

interface FacetRow extends FacetCount {
  readonly facet: number;
}

/** The buckets of every key (folded), by value; one list for each key, in the same order. */
export async function readFacets(
  tx: CatalogTx,
  node: PostingNode,
  literals: Literals,
  keys: readonly string[],
): Promise<FacetCount[][]> {
  const counts: FacetCount[][] = keys.map(() => []);
  const parts = keys.flatMap((key, facet) => {
    const of = literals.sourceOf(key);
    return of === undefined ? [] : [of.kind === 'terms' ? termFacet(of, facet, node) : relationFacet(of, facet)];
  });
  if (parts.length === 0 || node.op === 'never') return counts;
  const hits = matching(node);
  const result = await sql<FacetRow>`with ${hits.with}matched as materialized (
      select b.no from entities b where b.deleted_at is null and ${hits.where(sql`b.no`)})
    ${sql.join(parts, sql` union all `)} order by facet, value`.execute(named(tx.db, 'catalog.facets'));
  for (const { facet, value, count } of result.rows) counts[facet]?.push({ value, count });
  return counts;
}

function termFacet(of: PostingSource & { kind: 'terms' }, facet: number, node: PostingNode): RawBuilder<unknown> {
  const inMatched = node.op === 'always' ? sql`` : sql` and t.no in (select no from matched)`;
  return sql`select ${sql.lit(facet)}::int as facet,
      (select v.original from term_values v where v.id = f.value_id) as value, f.count
    from (select t.value_id, count(*)::int as count from terms t
      where t.key_id = ${of.keyId} and t.value_id > 0${inMatched} group by t.value_id) f`;
}

function relationFacet(of: PostingSource & { kind: 'relations' }, facet: number): RawBuilder<unknown> {
  const near = of.reverse ? sql`g.dst_no` : sql`g.src_no`;
  const far = of.reverse ? sql`g.src_no` : sql`g.dst_no`;
  return sql`select ${sql.lit(facet)}::int as facet, (select r.ref from refs r where r.no = f.no) as value, f.count
    from (select ${far} as no, count(distinct ${near})::int as count from edges g
      where g.pair_id = ${of.pairId} and g.to_seq is null and ${near} in (select no from matched) group by ${far}) f`;
}
