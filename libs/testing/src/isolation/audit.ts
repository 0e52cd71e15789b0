import { findSchemas } from './schemas.ts';
import { withConnection } from './sql.ts';
import type { WallOptions } from './wall.ts';

/** Audit rows that one request caused. */
export interface AuditedRequest {
  rows: number;
  /** Every row says what was before or what is now. */
  stated: boolean;
}

/** Audit rows of all schemas, by the request that caused them. */
export async function auditRowsByRequest({
  adminUrl,
  prefix,
}: WallOptions): Promise<ReadonlyMap<string, AuditedRequest>> {
  return withConnection(adminUrl, async (client) => {
    const found = new Map<string, AuditedRequest>();
    for (const { tables } of await findSchemas(client, prefix)) {
      const table = tables.find((each) => each.name === 'audit_log');
      if (table === undefined) continue;
      const { rows } = await client.query<{ request: string; rows: number; stated: boolean }>(
        `select request_id as request, count(*)::int as rows, bool_and(coalesce(before, after) is not null) as stated
           from ${table.qualified} where request_id is not null group by 1`,
      );
      for (const { request, ...more } of rows) {
        const known = found.get(request) ?? { rows: 0, stated: true };
        found.set(request, { rows: known.rows + more.rows, stated: known.stated && more.stated });
      }
    }
    return found;
  });
}

/**
 * Places where a secret stands in clear: any text, JSON or bytes column of any table of any schema, the bus included. The value is looked for
 * as it is, in hexadecimal (bytes) and in base64.
 */
export async function placesHolding({ adminUrl, prefix }: WallOptions, secrets: readonly string[]): Promise<string[]> {
  return withConnection(adminUrl, async (client) => {
    const { rows: bus } = await client.query<{ qualified: string }>(
      `select format('%I.%I', n.nspname, c.relname) as qualified from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'bus' and c.relkind in ('r', 'p')`,
    );
    const tables = (await findSchemas(client, prefix)).flatMap((schema) =>
      schema.tables.map((table) => table.qualified),
    );
    const forms = secrets.flatMap((secret) => [
      secret,
      Buffer.from(secret).toString('hex'),
      Buffer.from(secret).toString('base64'),
    ]);
    const found: string[] = [];
    for (const qualified of new Set([...tables, ...bus.map((row) => row.qualified)])) {
      const { rows } = await client.query<{ form: string }>(
        `select form from unnest($1::text[]) form where exists (select from ${qualified} t where position(form in t::text) > 0)`,
        [forms],
      );
      found.push(...rows.map(({ form }) => `${qualified} holds ${form.slice(0, 12)}…`));
    }
    return found;
  });
}
