import { named, type Tx } from '@idp/database';
import type { Tables } from './tables.ts';

export interface OneTimeToken {
  hash: Buffer;
  kind: 'invitation' | 'setup';
  tenantId: string;
  /** What the link is about. */
  subjectId: string;
  /** The address it was sent to; empty for one that was sent to nobody. */
  emailNorm: string;
  expiresAt: string;
}

/** A newer link for the same thing takes the place of the old one. */
export async function saveOneTimeToken(tx: Tx<Tables>, token: OneTimeToken): Promise<void> {
  const row = {
    hash: token.hash,
    kind: token.kind,
    tenant_id: token.tenantId,
    subject_id: token.subjectId,
    email_norm: token.emailNorm,
    expires_at: token.expiresAt,
  };
  await named(tx.db, 'auth.save-one-time-token')
    .insertInto('one_time_tokens')
    .values(row)
    .onConflict((conflict) => conflict.columns(['kind', 'tenant_id', 'subject_id']).doUpdateSet(row))
    .execute();
}

export async function findOneTimeToken(
  tx: Tx<Tables>,
  kind: OneTimeToken['kind'],
  hash: Buffer,
): Promise<OneTimeToken | undefined> {
  const row = await named(tx.db, 'auth.one-time-token')
    .selectFrom('one_time_tokens')
    .select([
      'hash',
      'kind',
      'tenant_id as tenantId',
      'subject_id as subjectId',
      'email_norm as emailNorm',
      'expires_at as expiresAt',
    ])
    .where('hash', '=', hash)
    .where('kind', '=', kind)
    .executeTakeFirst();
  return row as OneTimeToken | undefined;
}

export async function deleteOneTimeToken(tx: Tx<Tables>, kind: OneTimeToken['kind'], subjectId: string): Promise<void> {
  await named(tx.db, 'auth.delete-one-time-token')
    .deleteFrom('one_time_tokens')
    .where('kind', '=', kind)
    .where('tenant_id', '=', tx.tenantId)
    .where('subject_id', '=', subjectId)
    .execute();
}
