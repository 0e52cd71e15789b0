import { named, type Tx } from '@idp/database';
import type { SignedCheckpoint } from '../../audit/checkpoint.ts';
import type { Tables } from '../tables.ts';

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
