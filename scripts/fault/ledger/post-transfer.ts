import { newId } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { NotFoundError, UnprocessableError } from '@idp/errors';
import { sql } from 'kysely';
import { publishTransfer } from './event-types.ts';
import type { Tables } from './tables.ts';

export interface NewTransfer {
  /** The client's name for what it does, the same at every try. */
  operation: string;
  from: string;
  to: string;
  amount: number;
}

/**
 * Debits one account and tells the other by event. Throws 404 for an unknown account and 422 for one that has too little, the
 * latter after everything was written: what is undone must leave no trace.
 */
export async function postTransfer(tx: Tx<Tables>, { operation, from, to, amount }: NewTransfer): Promise<string> {
  const account = await tx.db
    .updateTable('accounts')
    .set({ debited: sql`debited + ${amount}`, version: sql`version + 1` })
    .where('id', '=', from)
    .returning(['version', sql<string>`opening - debited + credited`.as('balance')])
    .executeTakeFirst();
  if (account === undefined) throw new NotFoundError('no such account');
  const id = newId();
  const event_id = publishTransfer(tx, BigInt(account.version), {
    transferId: id,
    fromAccount: from,
    toAccount: to,
    amount: BigInt(amount),
  });
  const parties = { from_account: from, to_account: to, amount: String(amount) };
  await tx.db
    .insertInto('transfers')
    .values({ id, operation, ...parties, sequence: account.version, event_id })
    .execute();
  tx.audit({ action: 'ledger:transfer:create', resourceType: 'transfer', resourceId: id });
  if (BigInt(account.balance) < 0n) throw new UnprocessableError('the account has too little');
  return id;
}
