import { createHash } from 'node:crypto';
import type { AccessResource } from '@idp/auth';
import { named } from '@idp/database';
import { createQueryId, PostgresQueryCompiler, sql, type Expression, type RawBuilder, type SqlBool } from 'kysely';
import { relationPairs } from '../../domain/model/relation-pairs.ts';
import type { RowsNode } from '../../domain/query/tree.ts';
import type { CatalogTx } from '../catalog-tx.ts';

const ownedBy = sql.lit(relationPairs.find(({ forward }) => forward === 'ownedBy')!.id);
const uuid = sql.lit('^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$');

const compiler = new PostgresQueryCompiler();

/**
 * Team of the group that owns `v`, as the group's annotation `idp/team-id` names it now, in lower case; null where none does: the entity
 * lies in the tenant then. Of several owners the oldest with a team counts.
 */
const team = sql<string | null>`(select lower(tv.original) from edges g
    join terms t on t.no = g.dst_no
    join term_keys k on k.id = t.key_id and k.key = 'metadata.annotations.idp/team-id'
    join term_values tv on tv.id = t.value_id and tv.original ~ ${uuid}
  where g.src_no = v.no and g.pair_id = ${ownedBy} and g.to_seq is null order by g.dst_no limit 1)`;

const specText = (name: string): RawBuilder<string | null> =>
  sql`(case when jsonb_typeof(v.document::jsonb #> ${sql.lit(`{spec,${name}}`)}) = 'string'
    then v.document::jsonb #>> ${sql.lit(`{spec,${name}}`)} end)`;

/** What rights may ask of an entity, `v` in the statement: the attributes of the manifest, and its scope. */
export const entityColumnsOfRights = {
  id: { column: sql.ref('v.id'), type: 'uuid' },
  kind: sql.ref('v.kind'),
  namespace: sql.ref('v.namespace'),
  name: sql.ref('v.name'),
  type: specText('type'),
  lifecycle: specText('lifecycle'),
  'scope.teamId': team,
} as const;

/** A condition over `entityColumnsOfRights` as part of a query. */
export function rowsNode(where: Expression<SqlBool>): RowsNode {
  return { op: 'rows', where };
}

/** A text that is equal for equal conditions. */
export function rightsOf(where: Expression<SqlBool>): string {
  const { sql: text, parameters } = compiler.compileQuery(sql`${where}`.toOperationNode(), createQueryId());
  return createHash('sha256')
    .update(JSON.stringify([text, parameters]))
    .digest('base64url');
}

/** Whether the entity of a number fulfils the condition: one lookup. */
export function rowMatches({ where }: RowsNode, no: RawBuilder<unknown>): RawBuilder<unknown> {
  const condition = where as Expression<SqlBool>;
  return sql`(exists (select from entities v where v.no = ${no} and (${condition}))) is true`;
}

interface RightsRow {
  id: string;
  kind: string;
  namespace: string;
  name: string;
  type: string | null;
  lifecycle: string | null;
  team: string | null;
}

const columns = entityColumnsOfRights;
const rightsColumns = sql`v.id, ${columns.kind} as kind, ${columns.namespace} as namespace, ${columns.name} as name,
  ${columns.type} as type, ${columns.lifecycle} as lifecycle, ${team} as team`;

/** A living entity as decisions see it, by uid or canonical ref; undefined where there is none. */
export async function findEntityResource(
  tx: CatalogTx,
  entity: { uid: string } | { ref: string },
): Promise<AccessResource | undefined> {
  const which =
    'uid' in entity ? sql`v.id = ${entity.uid}` : sql`v.no = (select r.no from refs r where r.ref = ${entity.ref})`;
  const { rows } = await sql<RightsRow>`
    select ${rightsColumns} from entities v where ${which} and v.deleted_at is null`.execute(
    named(tx.db, 'catalog.entity-resource'),
  );
  return rows[0] && resourceOf(tx, rows[0]);
}

/** The living entities of canonical refs as decisions see them, by ref. */
export async function findEntityResources(
  tx: CatalogTx,
  refs: readonly string[],
): Promise<ReadonlyMap<string, AccessResource>> {
  const { rows } = await sql<RightsRow & { ref: string }>`
    select r.ref, ${rightsColumns} from refs r join entities v on v.no = r.no
    where r.ref = any(${refs}::text[]) and v.deleted_at is null`.execute(named(tx.db, 'catalog.entity-resources'));
  return new Map(rows.map(({ ref, ...row }) => [ref, resourceOf(tx, row)]));
}

function resourceOf({ tenantId }: CatalogTx, { id, team: teamId, ...said }: RightsRow): AccessResource {
  const attributes = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null));
  return { type: 'entity', id, tenantId, attributes, ...(teamId !== null && { scope: { teamId } }) };
}

/** Refs of the owners that name one of these teams, ids in lower case. */
export async function listOwnersInTeams(tx: CatalogTx, teamIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ ref: string }>`
    select r.ref from term_keys k
    join terms t on t.key_id = k.id
    join term_values tv on tv.id = t.value_id and tv.folded = any(${teamIds}::text[])
    join refs r on r.no = t.no
    where k.key = 'metadata.annotations.idp/team-id' order by r.ref`.execute(named(tx.db, 'catalog.owners-in-teams'));
  return rows.map(({ ref }) => ref);
}
