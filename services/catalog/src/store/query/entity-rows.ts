import { sql, type RawBuilder } from 'kysely';
import { relationPairs } from '../../domain/model/relation-pairs.ts';

/** What an entity is served from. */
export interface EntityText {
  /** JSON text without `relations` and `status`. */
  readonly document: string;
  /** JSON array of status items. */
  readonly status: string | null;
  /** Relations as the inside of a JSON array; null without any. */
  readonly relations: string | null;
}

/** An entity of a list. */
export interface EntityRow extends EntityText {
  readonly no: number;
  readonly id: string;
  readonly revision: number;
}

/** One number for a relation pair and the end it is seen from, as `relations` computes it. */
const relationNames = relationPairs
  .flatMap(({ id, forward, reverse }) => [`when ${id * 2} then '${forward}'`, `when ${id * 2 + 1} then '${reverse}'`])
  .join(' ');

/**
 * The relations of `e`, in both directions, as JSON written by the database: it has to be neither parsed nor written
 * again. Distinct, since several documents may say the same one; sorted by type and target. Refs are looked up one by one:
 * taking every entity for one with as many relations as a group, the planner would join them with all refs of the tenant;
 * `offset 0` keeps it from looking each up twice. A type without a name gives null, which `string_agg` leaves out.
 */
const relations = `(select string_agg('{"type":"' || r.name || '","targetRef":' || to_json(r.ref)::text || '}', ','
    order by r.name collate "C", r.ref)
  from (select case x.code ${relationNames} end as name, (select t.ref from refs t where t.no = x.no) as ref from (
    select g.pair_id * 2 as code, g.dst_no as no from edges g where g.src_no = e.no and g.to_seq is null
    union
    select g.pair_id * 2 + 1, g.src_no from edges g where g.dst_no = e.no and g.to_seq is null
  ) x offset 0) r) as relations`;

/** SQL of the columns of `EntityText`, for a statement that has `entities` as `e`. */
export function entityTextSql(withRelations: boolean): string {
  return `e.document, e.status, ${withRelations ? relations : 'null::text as relations'}`;
}

const columns = { with: sql.raw(entityTextSql(true)), without: sql.raw(entityTextSql(false)) };

/** Columns of `EntityRow`, for a statement that has `entities` as `e`. */
export function entityColumns(withRelations: boolean): RawBuilder<unknown> {
  return sql`e.no, e.id, e.revision, ${withRelations ? columns.with : columns.without}`;
}

/** The entity as served, as JSON text: the stored document with relations and status spliced in, without parsing it. */
export function entityJson({ document, status, relations: related }: EntityText): string {
  const statusMember = status === null ? '' : `,"status":{"items":${status}}`;
  return `${document.slice(0, -1)},"relations":[${related ?? ''}]${statusMember}}`;
}
