import { sql, type RawBuilder } from 'kysely';
import { relationName } from './relation-types.ts';

/** An entity as stored, with its relations as JSON text: pairs of relation code and target ref, or null without any. */
export interface EntityRow {
  readonly no: number;
  readonly id: string;
  readonly revision: number;
  readonly document: string;
  readonly status: string | null;
  readonly relations: string | null;
}

/**
 * Columns of `EntityRow`, for a statement that has `entities` as `e`. Relations are read in both directions and are
 * distinct: several documents may say the same one.
 */
export function entityColumns(withRelations: boolean): RawBuilder<unknown> {
  const relations = withRelations
    ? sql`(select json_agg(json_build_array(x.code, t.ref)) from (
        select g.pair_id * 2 as code, g.dst_no as no from edges g where g.src_no = e.no and g.to_seq is null
        union
        select g.pair_id * 2 + 1, g.src_no from edges g where g.dst_no = e.no and g.to_seq is null
      ) x join refs t on t.no = x.no)::text`
    : sql`null::text`;
  return sql`e.no, e.id, e.revision, e.document, e.status, ${relations} as relations`;
}

/** The entity as served, as JSON text: the stored document with relations and status spliced in, without parsing it. */
export function entityJson(row: EntityRow): string {
  const status = row.status === null ? '' : `,"status":{"items":${row.status}}`;
  return `${row.document.slice(0, -1)},"relations":${relationsJson(row.relations)}${status}}`;
}

function relationsJson(text: string | null): string {
  if (text === null) return '[]';
  const relations: string[] = [];
  for (const [code, ref] of JSON.parse(text) as [number, string][]) {
    const name = relationName(code);
    if (name !== undefined) relations.push(`{"type":"${name}","targetRef":${JSON.stringify(ref)}}`);
  }
  return `[${relations.sort().join(',')}]`;
}
