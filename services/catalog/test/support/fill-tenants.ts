import type pg from 'pg';

/** Id of the n-th tenant, from 1. */
export function tenantOf(index: number): string {
  return `00000000-0000-7000-8000-${String(index).padStart(12, '0')}`;
}

/** uid of the n-th entity of a tenant, from 1. */
export function uidOf(tenant: number, entity: number): string {
  return `00000000-0000-7000-9000-${String(tenant).padStart(4, '0')}${String(entity).padStart(8, '0')}`;
}

/**
 * Fills tenants of one shape with SQL alone, as the superuser: numbers 1–20 are groups `team-<n>`, the entities are
 * `entity-<n>` with number 20 + n, by turns components and APIs of ten types, each owned by a group. The rows are those
 * the write path leaves, without claims. Without `analyze` the planner never learns of them.
 */
export async function fillTenants(
  admin: pg.Client,
  size: { tenants: number; entities: number; analyze?: boolean },
): Promise<void> {
  const { analyze = true } = size;
  await admin.query('set search_path = catalog');
  for (const table of analyze ? [] : filledTables) {
    await admin.query(`alter table ${table} set (autovacuum_enabled = false)`);
  }
  for (let tenant = 1; tenant <= size.tenants; tenant++) {
    await admin.query('begin');
    for (const statement of statements) await admin.query(statement, [tenantOf(tenant), tenant, size.entities]);
    await admin.query('commit');
  }
  if (analyze) await admin.query('analyze');
}

const filledTables = ['refs', 'entities', 'term_keys', 'term_values', 'terms', 'edges', 'services'];

const kind = `case when n % 3 = 0 then 'API' else 'Component' end`;
const name = `'entity-' || lpad(n::text, 5, '0')`;
const parameters = `$1::uuid as tenant_id, $2::int as tenant, $3::int as entities`;
const numbered = `(select ${parameters}) p, generate_series(1, p.entities) n`;
const uid = `('00000000-0000-7000-9000-' || lpad(p.tenant::text, 4, '0') || lpad(n::text, 8, '0'))::uuid`;

/** Key ids: 1 kind, 2 metadata.name, 3 spec.type, 4 metadata.tags, 5 metadata.title, 6 metadata.namespace. */
const statements = [
  `insert into refs (tenant_id, no, ref) select p.tenant_id, n, 'group:default/team-' || n
     from (select ${parameters}) p, generate_series(1, 20) n`,
  `insert into refs (tenant_id, no, ref, entity_id, last_revision)
     select p.tenant_id, 20 + n, lower(${kind}) || ':default/' || ${name}, ${uid}, 1 from ${numbered}`,
  `insert into entities (tenant_id, no, id, kind, namespace, name, document, etag, revision, created_by, updated_by)
     select p.tenant_id, 20 + n, ${uid}, lower(${kind}), 'default', ${name},
       json_build_object('apiVersion', 'v1', 'kind', ${kind}, 'metadata', json_build_object('name', ${name}))::text, 'e', 1, 'u', 'u'
     from ${numbered}`,
  `insert into term_keys (tenant_id, id, key) select p.tenant_id, k.id, k.key from (select ${parameters}) p,
     lateral (values (1, 'kind'), (2, 'metadata.name'), (3, 'spec.type'), (4, 'metadata.tags'), (5, 'metadata.title'), (6, 'metadata.namespace')
       union all select 10 + n, 'metadata.annotations.example.com/note-' || n from generate_series(1, 300) n) k (id, key)`,
  `insert into term_values (tenant_id, id, original, folded) select p.tenant_id, v.id, v.original, lower(v.original)
     from (select ${parameters}) p, lateral (
       values (1, 'Component'), (2, 'API'), (3, 'default')
       union all select 10 + n, 'type-' || n from generate_series(0, 9) n
       union all select 30 + n, 'tag-' || n from generate_series(0, 49) n
       union all select 100 + n, ${name} from generate_series(1, p.entities) n
       union all select 100 + p.entities + n, 'Title ' || n from generate_series(1, p.entities) n) v (id, original)`,
  `insert into terms (tenant_id, key_id, value_id, no) select p.tenant_id, t.key_id, t.value_id, 20 + n
     from ${numbered}, lateral (values (1, case when n % 3 = 0 then 2 else 1 end), (2, 100 + n), (3, 10 + n % 10), (6, 3),
       (4, 30 + n % 50), (4, 30 + (n * 7 + 1) % 50), (5, 100 + p.entities + n)) t (key_id, value_id)
     on conflict do nothing`,
  `insert into edges (tenant_id, origin_no, pair_id, src_no, dst_no, from_seq)
     select p.tenant_id, 20 + n, 1, 20 + n, 1 + n % 20, 1 from ${numbered}`,
  `insert into services (tenant_id, id, no, name, digest, created_by, updated_by)
     select p.tenant_id, ${uid}, 20 + n, ${name}, '', 'u', 'u' from ${numbered} where n % 3 <> 0`,
];
