/** Anything that runs SQL, such as a client of pg. */
export interface SqlConnection {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}

export interface TableFact {
  oid: number;
  name: string;
  /** `r` table, `p` partitioned table, `m` materialized view, `v` view. */
  kind: 'r' | 'p' | 'm' | 'v';
  partition: boolean;
  owner: string;
  comment: string | null;
  enabled: boolean;
  forced: boolean;
  tenant_column: boolean;
  tenant_nullable: boolean;
  options: string[] | null;
}

export interface PolicyFact {
  table: string;
  name: string;
  roles: string[];
  command: string;
  permissive: boolean;
  using: string | null;
  check: string | null;
}

export interface KeyFact {
  table: string;
  name: string;
  kind: 'unique' | 'foreign key';
  columns: string[];
  references: string | null;
  referenced_columns: string[] | null;
}

export interface GrantFact {
  object: string;
  grantee: string;
  privilege: string;
  column: string | null;
}

export interface FunctionFact {
  name: string;
  definer: boolean;
  volatility: string;
  config: string[] | null;
  public_execute: boolean;
  body: string;
}

export interface RoleFact {
  name: string;
  super: boolean;
  bypass: boolean;
  createdb: boolean;
  createrole: boolean;
  inherit: boolean;
  login: boolean;
  config: string[] | null;
  member_of: string[];
}

export interface CatalogFacts {
  tables: TableFact[];
  policies: PolicyFact[];
  keys: KeyFact[];
  grants: GrantFact[];
  functions: FunctionFact[];
  roles: RoleFact[];
  sequences: { name: string; cache: number }[];
  schemaGrants: { schema: string; grantee: string; privilege: string }[];
}

/** Reads what `pg_catalog` says about one schema and its roles; any role may read it. */
export async function readCatalog(
  connection: SqlConnection,
  schema: string,
  roles: readonly string[],
): Promise<CatalogFacts> {
  const rows = async <T>(text: string, values: unknown[] = [schema]): Promise<T[]> =>
    (await connection.query(text, values)).rows as T[];
  return {
    tables: await rows<TableFact>(tablesSql),
    policies: await rows<PolicyFact>(policiesSql),
    keys: [...(await rows<KeyFact>(uniqueSql)), ...(await rows<KeyFact>(foreignSql))],
    grants: await rows<GrantFact>(grantsSql),
    functions: await rows<FunctionFact>(functionsSql),
    roles: await rows<RoleFact>(rolesSql, [roles]),
    sequences: await rows(sequencesSql),
    schemaGrants: await rows(schemaGrantsSql, [roles]),
  };
}

const tablesSql = `select c.oid::int4 as oid, c.relname as name, c.relkind as kind, c.relispartition as partition,
  pg_get_userbyid(c.relowner) as owner, obj_description(c.oid, 'pg_class') as comment,
  c.relrowsecurity as enabled, c.relforcerowsecurity as forced, a.attnum is not null as tenant_column,
  coalesce(not a.attnotnull, false) as tenant_nullable, c.reloptions as options
from pg_class c left join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
where c.relnamespace = to_regnamespace($1) and c.relkind in ('r', 'p', 'm', 'v', 'f') order by c.relname`;

const policiesSql = `select c.relname as table, p.polname as name, p.polcmd as command, p.polpermissive as permissive,
  array(select case r when 0 then 'public' else pg_get_userbyid(r)::text end from unnest(p.polroles) as r) as roles,
  pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as check
from pg_policy p join pg_class c on c.oid = p.polrelid
where c.relnamespace = to_regnamespace($1) order by c.relname, p.polname`;

const uniqueSql = `select c.relname as table, i.relname as name, 'unique' as kind, null as references, null as referenced_columns,
  array(select coalesce(a.attname::text, '(expression)') from unnest(x.indkey::int2[]) with ordinality k (num, nth)
    left join pg_attribute a on a.attrelid = c.oid and a.attnum = k.num where k.nth <= x.indnkeyatts order by k.nth) as columns
from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
where c.relnamespace = to_regnamespace($1) and x.indisunique and not c.relispartition order by i.relname`;

const foreignSql = `select c.relname as table, k.conname as name, 'foreign key' as kind, r.relname as references,
  array(select a.attname::text from unnest(k.conkey) with ordinality n (num, nth)
    join pg_attribute a on a.attrelid = k.conrelid and a.attnum = n.num order by n.nth) as columns,
  array(select a.attname::text from unnest(k.confkey) with ordinality n (num, nth)
    join pg_attribute a on a.attrelid = k.confrelid and a.attnum = n.num order by n.nth) as referenced_columns
from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class r on r.oid = k.confrelid
where c.relnamespace = to_regnamespace($1) and k.contype = 'f' and not c.relispartition order by k.conname`;

const grantsSql = `select c.relname as object, null as column, g.privilege_type as privilege,
  case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee)::text end as grantee
from pg_class c cross join lateral aclexplode(c.relacl) g
where c.relnamespace = to_regnamespace($1) and g.grantee <> c.relowner
union all
select c.relname, a.attname, g.privilege_type,
  case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee)::text end
from pg_class c join pg_attribute a on a.attrelid = c.oid cross join lateral aclexplode(a.attacl) g
where c.relnamespace = to_regnamespace($1) and g.grantee <> c.relowner
order by object, grantee, privilege`;

const functionsSql = `select p.proname as name, p.prosecdef as definer, p.provolatile as volatility, p.proconfig as config,
  p.prosrc as body, p.proacl is null or exists (select from aclexplode(p.proacl) g where g.grantee = 0) as public_execute
from pg_proc p where p.pronamespace = to_regnamespace($1)
  and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') order by p.proname`;

const rolesSql = `select r.rolname as name, r.rolsuper as super, r.rolbypassrls as bypass, r.rolcreatedb as createdb,
  r.rolcreaterole as createrole, r.rolinherit as inherit, r.rolcanlogin as login, r.rolconfig as config,
  array(select pg_get_userbyid(m.roleid)::text from pg_auth_members m where m.member = r.oid) as member_of
from pg_roles r where r.rolname = any($1) order by r.rolname`;

const sequencesSql = `select c.relname as name, s.seqcache::int4 as cache
from pg_sequence s join pg_class c on c.oid = s.seqrelid where c.relnamespace = to_regnamespace($1) order by c.relname`;

const schemaGrantsSql = `select n.nspname as schema, pg_get_userbyid(g.grantee) as grantee, g.privilege_type as privilege
from pg_namespace n cross join lateral aclexplode(n.nspacl) g
where pg_get_userbyid(g.grantee) = any($1) and n.nspname not like 'pg\\_%' order by 1, 2, 3`;
