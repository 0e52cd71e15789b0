import { sql } from 'kysely';
import { declarationBody, readDeclaration, type DeclarationBody, type ServiceDeclaration } from '@idp/auth';
import { named, type Tx } from '@idp/database';
import type { Tables } from '../tables.ts';

export interface ServiceManifest extends ServiceDeclaration {
  service: string;
  /** SHA-256 of the canonical JSON of what was declared, lower-case hex. */
  hash: string;
}

/** What every service has declared, in the order of their names; for transactions of any tenant. */
export async function listManifests(tx: Tx<Tables>): Promise<ServiceManifest[]> {
  const { rows } = await sql<{ service: string; hash: string; body: DeclarationBody }>`
    select service, hash, body from permission_manifest_list()`.execute(named(tx.db, 'auth.permission-manifests'));
  return rows.map(({ service, hash, body }) => ({ service, hash, ...readDeclaration(body) }));
}

/** A text that differs when what any service has declared differs. */
export async function findManifestState(tx: Tx<Tables>): Promise<string> {
  const { rows } = await sql<{ state: string }>`
    select coalesce(string_agg(service || '=' || hash, ' ' order by service), '') as state
    from permission_manifest_list()`.execute(named(tx.db, 'auth.manifest-state'));
  return rows[0]?.state ?? '';
}

/** Keeps what a service has declared, in a transaction of the platform tenant; false where it said the same before. */
export async function saveManifest(tx: Tx<Tables>, { service, hash, ...declared }: ServiceManifest): Promise<boolean> {
  const values = { hash, body: JSON.stringify(declarationBody(declared)), received_at: sql<string>`now()` };
  const { numInsertedOrUpdatedRows } = await named(tx.db, 'auth.save-permission-manifest')
    .insertInto('permission_manifests')
    .values({ service, ...values })
    .onConflict((conflict) =>
      conflict
        .columns(['tenant_id', 'service'])
        .doUpdateSet(values)
        .whereRef('permission_manifests.hash', '<>', sql<string>`excluded.hash`),
    )
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}
