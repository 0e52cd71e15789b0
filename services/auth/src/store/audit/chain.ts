import { sql, type Selectable } from 'kysely';
import { named, type SortKey, type Tx } from '@idp/database';
import type { ChainLink } from '../../audit/link.ts';
import { clientText, rowText, statesText, type AuditOutcome, type Salted } from '../../audit/row.ts';
import type { SealedRow } from '../../audit/seal.ts';
import type { AuditChainTable, Tables } from '../tables.ts';
import { milliseconds } from './arrivals.ts';

const hashBytes = 32;

/**
 * Moves reports into the chain of the transaction's tenant, each by its number among the arrivals. What they say stays in the database;
 * what sealing adds is sent, hashes of a kind as one value.
 */
export async function moveIntoChain(
  tx: Tx<Tables>,
  numbers: readonly number[],
  rows: readonly SealedRow[],
): Promise<void> {
  const column = <T>(pick: (row: SealedRow) => T | undefined): (T | null)[] => rows.map((row) => pick(row) ?? null);
  const hashes = (pick: (row: SealedRow) => string | undefined) => {
    const all = Buffer.alloc(rows.length * hashBytes);
    for (const [at, row] of rows.entries()) all.write(pick(row) ?? '', at * hashBytes, 'hex');
    const length = sql.lit(hashBytes);
    return sql`substring(${all}::bytea from (at::integer - 1) * ${length} + 1 for ${length})`;
  };
  const result = await sql`
    with sealed as (
      select * from unnest(${[...numbers]}::bigint[], ${column(({ states }) => states.before)}::text[],
        ${column(({ states }) => states.after)}::text[], ${column(({ states }) => states.salt)}::text[],
        ${column(({ client }) => client.salt)}::text[])
        with ordinality as s (arrival, states_before, states_after, states_salt, client_salt, at)
    ), taken as (
      delete from audit_arrivals a using sealed s
        where a.arrival = s.arrival and a.arrival between ${numbers[0]}::bigint and ${numbers.at(-1)}::bigint
        returning a.*, s.at, s.states_before, s.states_after, s.states_salt, s.client_salt
    )
    insert into audit_chain (seq, received_at, id, occurred_at, service, actor, on_behalf_of, action, resource_type, resource_id,
      outcome, before, after, truncated, states_salt, states_hash, ip, user_agent, client_salt, client_hash, session_id,
      request_id, trace_id, reason, prev_hash, row_hash)
    select ${rows[0]?.row.seq}::bigint + at - 1, received_at, id, occurred_at, service, actor, on_behalf_of, action, resource_type,
      resource_id, outcome, states_before, states_after, truncated, states_salt,
      case when states_salt is not null then ${hashes(({ row }) => row.statesHash)} end, ip, user_agent, client_salt,
      case when client_salt is not null then ${hashes(({ row }) => row.clientHash)} end, session_id, request_id, trace_id, reason,
      ${hashes(({ prevHash }) => prevHash)}, ${hashes(({ hash }) => hash)} from taken`.execute(
    named(tx.db, 'auth.move-into-audit-chain'),
  );
  if (Number(result.numAffectedRows) !== rows.length) throw new Error('reports vanished while they were sealed');
}

/** A row of the chain as the database holds it. */
export type StoredAuditRow = Selectable<AuditChainTable>;

/** What a list of the audit log is asked for. Times bound when something happened. */
export interface AuditFilter {
  actor?: string | undefined;
  action?: string | undefined;
  resourceType?: string | undefined;
  resourceId?: string | undefined;
  ip?: string | undefined;
  outcome?: AuditOutcome | undefined;
  traceId?: string | undefined;
  /** RFC 3339, included. */
  from?: string | undefined;
  /** RFC 3339, excluded. */
  to?: string | undefined;
}

/** Rows of the transaction's tenant, for `paginate`. */
export function auditRowsQuery(tx: Tx<Tables>, filter: AuditFilter) {
  const { actor, action, resourceType, resourceId, ip, outcome, traceId, from, to } = filter;
  let query = named(tx.db, 'auth.audit-rows').selectFrom('audit_chain').selectAll();
  if (actor !== undefined) query = query.where('actor', '=', actor);
  if (action !== undefined) query = query.where('action', '=', action);
  if (resourceType !== undefined) query = query.where('resource_type', '=', resourceType);
  if (resourceId !== undefined) query = query.where('resource_id', '=', resourceId);
  if (ip !== undefined) query = query.where('ip', '=', ip);
  if (outcome !== undefined) query = query.where('outcome', '=', outcome);
  // A partial index is found by proof, and a generic plan can prove nothing about a parameter.
  if (outcome !== undefined && outcome !== 'succeeded') query = query.where('outcome', '<>', sql.lit('succeeded'));
  if (traceId !== undefined) query = query.where('trace_id', '=', traceId);
  if (from !== undefined) query = query.where('occurred_at', '>=', from);
  if (to !== undefined) query = query.where('occurred_at', '<', to);
  return query;
}

/** Newest first. */
export const auditSort: readonly SortKey[] = [{ column: 'occurred_at' }, { column: 'seq' }];

export async function findAuditRow(tx: Tx<Tables>, id: string): Promise<StoredAuditRow | undefined> {
  return named(tx.db, 'auth.audit-row').selectFrom('audit_chain').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Rows in the order of the chain, from a number to a number. */
export async function readChain(
  tx: Tx<Tables>,
  { fromSeq, toSeq, limit }: { fromSeq: number; toSeq: number; limit: number },
): Promise<StoredAuditRow[]> {
  return named(tx.db, 'auth.read-audit-chain')
    .selectFrom('audit_chain')
    .selectAll()
    .where('seq', '>=', fromSeq)
    .where('seq', '<=', toSeq)
    .orderBy('seq')
    .limit(limit)
    .execute();
}

/** A stored row with the texts that were hashed. */
export function linkOfRow(row: StoredAuditRow): ChainLink {
  const clientHash = row.client_hash?.toString('hex');
  const statesHash = row.states_hash?.toString('hex');
  const client = clientText(row.ip ?? undefined, row.user_agent ?? undefined);
  const states = statesText(row.before ?? undefined, row.after ?? undefined);
  return {
    seq: row.seq,
    tenantId: row.tenant_id,
    text: rowText({
      action: row.action,
      actor: row.actor,
      clientHash,
      id: row.id,
      occurredAt: milliseconds(row.occurred_at),
      onBehalfOf: row.on_behalf_of ?? undefined,
      outcome: row.outcome as AuditOutcome,
      reason: row.reason ?? undefined,
      receivedAt: milliseconds(row.received_at),
      requestId: row.request_id ?? undefined,
      resourceId: row.resource_id,
      resourceType: row.resource_type,
      seq: row.seq,
      service: row.service,
      sessionId: row.session_id ?? undefined,
      statesHash,
      tenantId: row.tenant_id,
      traceId: row.trace_id ?? undefined,
      truncated: row.truncated,
    }),
    hash: row.row_hash.toString('hex'),
    clientHash,
    client: part(client, row.client_salt, clientHash),
    statesHash,
    states: part(states, row.states_salt, statesHash),
  };
}

/** Null where values were erased together with their salt. */
function part(text: string | undefined, salt: string | null, hash: string | undefined): Salted | null | undefined {
  if (text !== undefined) return { salt: salt ?? '', text };
  return hash === undefined ? undefined : null;
}
