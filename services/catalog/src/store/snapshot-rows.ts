import { sql } from 'kysely';
import { named } from '@idp/database';
import type { CatalogTx } from './catalog-tx.ts';

/** Rows by ascending id: those after one, or those named, deleted ones included. */
export interface RowPage {
  after?: string | undefined;
  ids?: readonly string[] | undefined;
  limit: number;
}

export interface LockedEntity {
  id: string;
  ref: string;
  document: string;
  revision: number;
  deleted: boolean;
  updatedAt: string;
  updatedBy: string;
}

/** Entities that no other transaction can change before this one ends. */
export async function lockEntities(tx: CatalogTx, page: RowPage): Promise<LockedEntity[]> {
  const { rows } = await sql<LockedEntity>`
    select e.id, r.ref, e.document, e.revision, e.deleted_at is not null as deleted, e.updated_at as "updatedAt",
      e.updated_by as "updatedBy"
    from entities e join refs r on r.no = e.no
    where ${chosen('e', page, sql`e.deleted_at is null`)} order by e.id limit ${page.limit} for no key update of e`.execute(
    named(tx.db, 'catalog.entities-for-snapshot'),
  );
  return rows;
}

export interface LockedService {
  id: string;
  document: string;
  ownerTeamId: string | null;
  version: number;
  updatedAt: string;
}

/** Living services with the document they come from. */
export async function lockServices(tx: CatalogTx, page: RowPage): Promise<LockedService[]> {
  const { rows } = await sql<LockedService>`
    select s.id, e.document, s.owner_team_id as "ownerTeamId", s.version, s.updated_at as "updatedAt"
    from services s join entities e on e.no = s.no
    where ${chosen('s', page, sql`true`)} and s.deleted_at is null order by s.id limit ${page.limit}
    for no key update of s`.execute(named(tx.db, 'catalog.services-for-snapshot'));
  return rows;
}

export interface LockedLocation {
  id: string;
  type: string;
  target: string;
  entityRef: string;
  sourceId: string;
  version: number;
  createdAt: string;
}

export async function lockLocations(tx: CatalogTx, page: RowPage): Promise<LockedLocation[]> {
  const { rows } = await sql<LockedLocation>`
    select l.id, l.type, l.target, l.entity_ref as "entityRef", l.source_id as "sourceId", l.version,
      l.created_at as "createdAt"
    from locations l where ${chosen('l', page, sql`true`)} order by l.id limit ${page.limit} for no key update of l`.execute(
    named(tx.db, 'catalog.locations-for-snapshot'),
  );
  return rows;
}

/** Ids that are no UUIDs name nothing. */
function chosen(table: string, { after, ids }: RowPage, all: ReturnType<typeof sql>) {
  const id = sql.ref(`${table}.id`);
  if (ids !== undefined) return sql`${id} = any(${ids.filter((text) => uuid.test(text))}::uuid[])`;
  return after === undefined ? all : sql`${all} and ${id} > ${after}::uuid`;
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
