import type { Selectable } from 'kysely';
import { named, type SortKey, type Tx } from '@idp/database';
import type { SignedCheckpoint } from '../../audit/checkpoint.ts';
import type { AuditCheckpointsTable, Tables } from '../tables.ts';
import { milliseconds } from './arrivals.ts';

export async function insertCheckpoint(tx: Tx<Tables>, id: string, signed: SignedCheckpoint): Promise<void> {
  const { checkpoint, kid, signature } = signed;
  await named(tx.db, 'auth.insert-audit-checkpoint')
    .insertInto('audit_checkpoints')
    .values({
      id,
      from_seq: checkpoint.fromSeq,
      to_seq: checkpoint.toSeq,
      last_hash: Buffer.from(checkpoint.lastHash, 'hex'),
      signed_at: checkpoint.at,
      kid,
      signature,
    })
    .execute();
}

/** Checkpoints of the transaction's tenant, for `paginate`. */
export function checkpointsQuery(tx: Tx<Tables>) {
  return named(tx.db, 'auth.audit-checkpoints').selectFrom('audit_checkpoints').selectAll();
}

/** In the order of the chain. */
export const checkpointSort: readonly SortKey[] = [{ column: 'to_seq' }];

/** Checkpoints that end between two rows, both included, in their order. */
export async function listCheckpointsBetween(
  tx: Tx<Tables>,
  { fromSeq, toSeq }: { fromSeq: number; toSeq: number },
): Promise<SignedCheckpoint[]> {
  const rows = await named(tx.db, 'auth.audit-checkpoints-between')
    .selectFrom('audit_checkpoints')
    .selectAll()
    .where('to_seq', '>=', fromSeq)
    .where('to_seq', '<=', toSeq)
    .orderBy('to_seq')
    .execute();
  return rows.map(signedCheckpoint);
}

/** Rows of whole checkpoints: from the first signed after one time to the first signed at or after another. */
export async function findCheckpointedRange(
  tx: Tx<Tables>,
  { signedAfter, signedUntil }: { signedAfter: string | null; signedUntil: string | null },
): Promise<{ fromSeq: number; toSeq: number } | undefined> {
  const end = (direction: 'asc' | 'desc') =>
    named(tx.db, 'auth.audit-checkpoint-end')
      .selectFrom('audit_checkpoints')
      .select(['from_seq as fromSeq', 'to_seq as toSeq'])
      .orderBy('to_seq', direction)
      .limit(1);
  const [first, until, last] = await Promise.all([
    (signedAfter === null ? end('asc') : end('asc').where('signed_at', '>', signedAfter)).executeTakeFirst(),
    signedUntil === null ? undefined : end('asc').where('signed_at', '>=', signedUntil).executeTakeFirst(),
    end('desc').executeTakeFirst(),
  ]);
  const toSeq = until?.toSeq ?? last?.toSeq ?? 0;
  return first === undefined || first.fromSeq > toSeq ? undefined : { fromSeq: first.fromSeq, toSeq };
}

export function signedCheckpoint(row: Selectable<AuditCheckpointsTable>): SignedCheckpoint {
  return {
    checkpoint: {
      at: milliseconds(row.signed_at),
      fromSeq: row.from_seq,
      lastHash: row.last_hash.toString('hex'),
      tenantId: row.tenant_id,
      toSeq: row.to_seq,
    },
    kid: row.kid,
    signature: row.signature,
  };
}
