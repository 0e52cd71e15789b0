import { named, type Tx } from '@idp/database';
import type { Tables } from '../tables.ts';

export interface AuditExport {
  id: string;
  state: 'pending' | 'ready' | 'empty';
  createdBy: string;
  createdAt: string;
  signedAfter: string | null;
  signedUntil: string | null;
  fromSeq: number | null;
  toSeq: number | null;
  readyAt: string | null;
}

export async function insertAuditExport(
  tx: Tx<Tables>,
  row: Pick<AuditExport, 'id' | 'createdBy' | 'createdAt' | 'signedAfter' | 'signedUntil'>,
): Promise<void> {
  await named(tx.db, 'auth.insert-audit-export')
    .insertInto('audit_exports')
    .values({
      id: row.id,
      created_by: row.createdBy,
      created_at: row.createdAt,
      signed_after: row.signedAfter,
      signed_until: row.signedUntil,
    })
    .execute();
}

export async function findAuditExport(tx: Tx<Tables>, id: string): Promise<AuditExport | undefined> {
  const row = await named(tx.db, 'auth.audit-export')
    .selectFrom('audit_exports')
    .select(['id', 'state', 'created_by as createdBy', 'created_at as createdAt', 'signed_after as signedAfter'])
    .select(['signed_until as signedUntil', 'from_seq as fromSeq', 'to_seq as toSeq', 'ready_at as readyAt'])
    .where('id', '=', id)
    .executeTakeFirst();
  return row as AuditExport | undefined;
}

/** Says what the export holds, or that there is nothing. */
export async function finishAuditExport(
  tx: Tx<Tables>,
  id: string,
  { range, at }: { range: { fromSeq: number; toSeq: number } | undefined; at: Date },
): Promise<void> {
  await named(tx.db, 'auth.finish-audit-export')
    .updateTable('audit_exports')
    .set({
      state: range === undefined ? 'empty' : 'ready',
      from_seq: range?.fromSeq ?? null,
      to_seq: range?.toSeq ?? null,
      ready_at: at.toISOString(),
    })
    .where('id', '=', id)
    .execute();
}
