import { existsSync } from 'node:fs';
import { ValidationError } from '@idp/errors';

/** Amounts that the ledger cannot bear while it has a bug. Larger than any of the load. */
export const deadlyAmount = 4_242;
export const refusedAmount = 4_243;

/** Dies of one amount and refuses another, as long as the file of `LEDGER_TROUBLE_FILE` is there: a bug and its repair. */
export function meetTrouble(amount: bigint): void {
  if (amount !== BigInt(deadlyAmount) && amount !== BigInt(refusedAmount)) return;
  const file = process.env['LEDGER_TROUBLE_FILE'];
  if (file === undefined || !existsSync(file)) return;
  if (amount === BigInt(deadlyAmount)) process.kill(process.pid, 'SIGKILL');
  throw new ValidationError('the ledger cannot bear this amount');
}
