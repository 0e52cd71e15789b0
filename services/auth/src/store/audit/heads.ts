import { named, type Tx } from '@idp/database';
import type { Tables } from '../tables.ts';

/** Where the chain of a tenant ends, and where its last checkpoint. `hash` is hexadecimal. */
export interface AuditHead {
  seq: number;
  hash: string;
  checkpointSeq: number;
  /** When the first row behind the last checkpoint was sealed; null while a checkpoint covers everything. */
  openSince: string | null;
}

/**
 * The head of the transaction's tenant, held until the transaction ends. While another process holds it: undefined, or its
 * turn with `wait`.
 */
export async function lockAuditHead(tx: Tx<Tables>, { wait }: { wait: boolean }): Promise<AuditHead | undefined> {
  const insert = named(tx.db, 'auth.insert-audit-head')
    .insertInto('audit_heads')
    .values({ tenant_id: tx.tenantId })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const select = named(tx.db, 'auth.lock-audit-head')
    .selectFrom('audit_heads')
    .select(['seq', 'hash', 'checkpoint_seq as checkpointSeq', 'open_since as openSince'])
    .forUpdate()
    .$if(!wait, (query) => query.skipLocked())
    .executeTakeFirst();
  const [row] = await Promise.all([select, insert]);
  return row && { ...row, hash: row.hash.toString('hex') };
}

export async function findAuditHead(tx: Tx<Tables>): Promise<AuditHead | undefined> {
  const row = await named(tx.db, 'auth.audit-head')
    .selectFrom('audit_heads')
    .select(['seq', 'hash', 'checkpoint_seq as checkpointSeq', 'open_since as openSince'])
    .executeTakeFirst();
  return row && { ...row, hash: row.hash.toString('hex') };
}

export async function saveAuditHead(tx: Tx<Tables>, head: AuditHead): Promise<void> {
  await named(tx.db, 'auth.save-audit-head')
    .updateTable('audit_heads')
    .set({
      seq: head.seq,
      hash: Buffer.from(head.hash, 'hex'),
      checkpoint_seq: head.checkpointSeq,
      open_since: head.openSince,
    })
    .where('tenant_id', '=', tx.tenantId)
    .execute();
}
