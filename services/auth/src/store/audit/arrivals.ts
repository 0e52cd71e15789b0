import { sql, type Selectable } from 'kysely';
import { named, type Database, type Tx } from '@idp/database';
import { platformTenantId } from '@idp/contracts';
import type { Arrival } from '../../audit/seal.ts';
import type { AuditOutcome } from '../../audit/row.ts';
import type { AuditArrivalsTable, Tables } from '../tables.ts';

/** Columns of a report; the database adds when it came and in what order. */
export function arrivalColumns(arrival: Omit<Arrival, 'receivedAt'>): Record<string, unknown> {
  return {
    id: arrival.id,
    occurred_at: arrival.occurredAt,
    service: arrival.service,
    actor: arrival.actor,
    on_behalf_of: arrival.onBehalfOf ?? null,
    action: arrival.action,
    resource_type: arrival.resourceType,
    resource_id: arrival.resourceId,
    outcome: arrival.outcome,
    before: arrival.before ?? null,
    after: arrival.after ?? null,
    truncated: arrival.truncated,
    ip: arrival.ip ?? null,
    user_agent: arrival.userAgent ?? null,
    session_id: arrival.sessionId ?? null,
    request_id: arrival.requestId ?? null,
    trace_id: arrival.traceId ?? null,
    reason: arrival.reason ?? null,
  };
}

/** The oldest reports of the transaction's tenant, at most this many, in the order they came, and their numbers there. */
export async function readArrivals(
  tx: Tx<Tables>,
  countMax: number,
): Promise<{ numbers: number[]; arrivals: Arrival[] }> {
  const rows = await named(tx.db, 'auth.read-audit-arrivals')
    .selectFrom('audit_arrivals')
    .selectAll()
    .orderBy('arrival')
    .limit(countMax)
    .execute();
  return { numbers: rows.map(({ arrival }) => arrival), arrivals: rows.map(arrivalOf) };
}

function arrivalOf(row: Selectable<AuditArrivalsTable>): Arrival {
  return {
    id: row.id,
    receivedAt: milliseconds(row.received_at),
    occurredAt: milliseconds(row.occurred_at),
    service: row.service,
    actor: row.actor,
    onBehalfOf: row.on_behalf_of ?? undefined,
    action: row.action,
    resourceType: row.resource_type,
    resourceId: row.resource_id,
    outcome: row.outcome as AuditOutcome,
    before: row.before ?? undefined,
    after: row.after ?? undefined,
    truncated: row.truncated,
    ip: row.ip ?? undefined,
    userAgent: row.user_agent ?? undefined,
    sessionId: row.session_id ?? undefined,
    requestId: row.request_id ?? undefined,
    traceId: row.trace_id ?? undefined,
    reason: row.reason ?? undefined,
  };
}

/** The database leaves trailing zeros of a fraction out; rows are hashed with three digits. */
export function milliseconds(time: string): string {
  return new Date(time).toISOString();
}

/** Tenants with reports that have no number yet, or with rows that were sealed before this time and no checkpoint covers. */
export async function listTenantsToSeal(database: Database<Tables>, openedBefore: Date): Promise<string[]> {
  const { rows } = await database.tenant(platformTenantId).read((tx) =>
    sql<{ tenantId: string }>`
      select tenant_id as "tenantId" from audit_tenants_to_seal(${openedBefore.toISOString()})`.execute(
      named(tx.db, 'auth.audit-tenants-to-seal'),
    ),
  );
  return rows.map(({ tenantId }) => tenantId);
}

/** How many reports of all tenants have no number yet, counted up to a bound, and since when. */
export async function countUnsealed(
  database: Database<Tables>,
  countMax: number,
): Promise<{ unsealed: number; oldest: string | null }> {
  const { rows } = await database.tenant(platformTenantId).read((tx) =>
    sql<{
      unsealed: number;
      oldest: string | null;
    }>`select unsealed, oldest from audit_unsealed(${countMax})`.execute(named(tx.db, 'auth.audit-unsealed')),
  );
  return rows[0] ?? { unsealed: 0, oldest: null };
}
