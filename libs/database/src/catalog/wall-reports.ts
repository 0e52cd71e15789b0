import { createHash } from 'node:crypto';
import { CompiledQuery } from 'kysely';
import type { Database } from '../contract.ts';
import { serviceRoles, type ServiceRoles } from '../roles/names.ts';
import { judgeCatalog, readServiceCatalog, type CatalogFinding } from './assertions.ts';
import type { CatalogFacts, SqlConnection } from './facts.ts';

/** The tenant wall of one service as the database has it now. */
export interface WallReport {
  service: string;
  /** Empty where the wall stands. */
  findings: CatalogFinding[];
  /** Of everything that was looked at, in hex: the same as long as nothing about the wall has changed. */
  sha256: string;
}

// Those of the schemas that services share cannot log in.
const servicesSql = `select r.schema from (
    select substr(rolname, 1 + $1::int, length(rolname) - $1::int - length('_app')) as schema from pg_roles
    where rolcanlogin and starts_with(rolname, $2) and right(rolname, 4) = '_app') r
  where to_regnamespace(r.schema) is not null order by r.schema`;

/** Looks at every service in the database: the catalogue is open to all roles, so that one service can answer for the others. */
export async function wallReports<DB>(database: Database<DB>, tenantId: string): Promise<WallReport[]> {
  return database.tenant(tenantId).read(async (tx) => {
    const connection: SqlConnection = {
      query: async (text, values = []) => ({
        rows: (await tx.db.executeQuery(CompiledQuery.raw(text, values))).rows as unknown[],
      }),
    };
    const prefix = await prefixOf(connection, database.service);
    const { rows } = await connection.query(servicesSql, [prefix.length, prefix]);
    const reports: WallReport[] = [];
    for (const { schema } of rows as { schema: string }[]) {
      reports.push(await reportOf(connection, serviceRoles(schema.replaceAll('_', '-'), prefix)));
    }
    return reports;
  });
}

/** What the names of all roles begin with in this installation. */
async function prefixOf(connection: SqlConnection, service: string): Promise<string> {
  const { rows } = await connection.query('select current_user::text as name');
  const [{ name }] = rows as [{ name: string }];
  const rest = `${service.replaceAll('-', '_')}_app`;
  if (!name.endsWith(rest)) throw new Error(`${name} is not the app role of ${service}`);
  return name.slice(0, -rest.length);
}

async function reportOf(connection: SqlConnection, roles: ServiceRoles): Promise<WallReport> {
  const facts = await readServiceCatalog(connection, roles);
  const service = roles.schema.replaceAll('_', '-');
  return { service, findings: judgeCatalog(facts, roles), sha256: digestOf(facts) };
}

function digestOf({ tables, ...facts }: CatalogFacts): string {
  // Numbers of tables differ between two databases of the same form.
  const text = JSON.stringify({ ...facts, tables: tables.map(({ oid: _oid, ...table }) => table) });
  return createHash('sha256').update(text).digest('hex');
}
