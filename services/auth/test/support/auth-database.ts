import pg from 'pg';
import { testDatabase, type TestDatabase } from '@idp/testing';
import { auth } from '../../src/service.ts';

/** A database with the schemas of auth and of one more service, and a superuser's connection to look into it. */
export interface AuthDatabase extends TestDatabase {
  sql: pg.Client;
}

export async function authDatabase(): Promise<AuthDatabase> {
  const database = await testDatabase({ services: [auth, { name: 'catalog', prepareTenant: true }] });
  const sql = new pg.Client({ connectionString: database.adminUrl });
  // Dropping the database ends the connection from the other side.
  sql.on('error', () => undefined);
  await sql.connect();
  return {
    ...database,
    sql,
    async [Symbol.asyncDispose]() {
      await sql.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

interface AuditRow {
  id: string;
  tenant_id: string;
  action: string;
  resource_id: string;
  outcome: string;
  actor: string;
  reason: string | null;
}

/** Audit rows of auth with these values, oldest first. */
export async function audits(
  { sql }: Pick<AuthDatabase, 'sql'>,
  wanted: { action?: string; resourceId?: string; outcome?: string; reason?: string },
): Promise<AuditRow[]> {
  const { rows } = await sql.query<AuditRow>(
    `select * from auth.audit_log where action = coalesce($1, action) and resource_id = coalesce($2, resource_id)
      and outcome = coalesce($3, outcome) and ($4::text is null or reason = $4) order by occurred_at, id`,
    [wanted.action, wanted.resourceId, wanted.outcome, wanted.reason],
  );
  return rows;
}
