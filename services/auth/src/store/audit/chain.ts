import { sql } from 'kysely';
import { named, type Tx } from '@idp/database';
import type { SealedRow } from '../../audit/seal.ts';
import type { Tables } from '../tables.ts';

/** Adds rows to the chain of the transaction's tenant. */
export async function insertSealedRows(tx: Tx<Tables>, rows: readonly SealedRow[]): Promise<void> {
  const column = <T>(pick: (row: SealedRow) => T | undefined): (T | null)[] => rows.map((row) => pick(row) ?? null);
  const bytes = (pick: (row: SealedRow) => string | undefined): (Buffer | null)[] =>
    rows.map((row) => {
      const hex = pick(row);
      return hex === undefined ? null : Buffer.from(hex, 'hex');
    });
  await sql`
    insert into audit_chain (seq, received_at, id, occurred_at, service, actor, on_behalf_of, action, resource_type, resource_id,
      outcome, before, after, truncated, states_salt, states_hash, ip, user_agent, client_salt, client_hash, session_id,
      request_id, trace_id, reason, prev_hash, row_hash)
    select * from unnest(
      ${column(({ row }) => row.seq)}::bigint[], ${column(({ row }) => row.receivedAt)}::timestamptz[],
      ${column(({ row }) => row.id)}::uuid[], ${column(({ row }) => row.occurredAt)}::timestamptz[],
      ${column(({ row }) => row.service)}::text[], ${column(({ row }) => row.actor)}::text[],
      ${column(({ row }) => row.onBehalfOf)}::text[], ${column(({ row }) => row.action)}::text[],
      ${column(({ row }) => row.resourceType)}::text[], ${column(({ row }) => row.resourceId)}::text[],
      ${column(({ row }) => row.outcome)}::text[], ${column(({ states }) => states.before)}::text[],
      ${column(({ states }) => states.after)}::text[], ${column(({ row }) => row.truncated)}::boolean[],
      ${column(({ states }) => states.salt)}::text[], ${bytes(({ row }) => row.statesHash)}::bytea[],
      ${column(({ client }) => client.ip)}::text[], ${column(({ client }) => client.userAgent)}::text[],
      ${column(({ client }) => client.salt)}::text[], ${bytes(({ row }) => row.clientHash)}::bytea[],
      ${column(({ row }) => row.sessionId)}::text[], ${column(({ row }) => row.requestId)}::text[],
      ${column(({ row }) => row.traceId)}::text[], ${column(({ row }) => row.reason)}::text[],
      ${bytes(({ prevHash }) => prevHash)}::bytea[], ${bytes(({ hash }) => hash)}::bytea[])`.execute(
    named(tx.db, 'auth.insert-audit-rows'),
  );
}
