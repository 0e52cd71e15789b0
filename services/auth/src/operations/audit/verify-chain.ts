import type { VerificationKeys } from '@idp/auth';
import type { Tx } from '@idp/database';
import { checkpointFault } from '../../audit/verify-export.ts';
import { erasedParts, linkFault, type ChainPosition } from '../../audit/link.ts';
import { noHash } from '../../audit/row.ts';
import type { AuthContext } from '../../context.ts';
import { linkOfRow, readChain } from '../../store/audit/chain.ts';
import { listCheckpointsBetween } from '../../store/audit/checkpoints.ts';
import { findAuditHead } from '../../store/audit/heads.ts';
import type { Tables } from '../../store/tables.ts';

/** One request checks no more; the next goes on where it ended. */
const rowsMax = 100_000;
const batchRows = 1_000;

export interface ChainVerdict {
  from: number;
  /** Last row that was found as it was sealed. */
  to: number;
  rows: number;
  checkpoints: number;
  erased: number;
  /** Number of the newest row. */
  lastSeq: number;
  /** Where the next request goes on; absent when all that was asked for has been checked. */
  nextSeq?: number;
  fault?: { seq: number; what: string };
}

/** Calculates hashes anew from what is stored and names the first row that is not as it was sealed. */
export async function verifyChain(
  ctx: Pick<AuthContext, 'database' | 'auditKeys'>,
  tenantId: string,
  asked: { from?: number | undefined; to?: number | undefined; signal: AbortSignal },
): Promise<ChainVerdict> {
  const { signal } = asked;
  const door = ctx.database.tenant(tenantId);
  const keys = await ctx.auditKeys.verifiers();
  const { head, start } = await door.read((tx) => begin(tx, asked.from ?? 1), { signal });
  const last = Math.min(asked.to ?? head, head, start.seq + rowsMax);
  const verdict: ChainVerdict = {
    from: start.seq + 1,
    to: start.seq,
    rows: 0,
    checkpoints: 0,
    erased: 0,
    lastSeq: head,
  };
  if (start.hash === '') return { ...verdict, fault: { seq: start.seq, what: 'is missing' } };
  let position: ChainPosition = { tenantId, ...start };
  while (verdict.fault === undefined && position.seq < last) {
    const from = position;
    position = await door.read((tx) => checkBatch(tx, { position: from, last, keys, verdict }), {
      signal,
      isolation: 'repeatable read',
    });
  }
  if (verdict.fault === undefined && position.seq < Math.min(asked.to ?? head, head))
    verdict.nextSeq = position.seq + 1;
  return verdict;
}

async function begin(tx: Tx<Tables>, from: number): Promise<{ head: number; start: { seq: number; hash: string } }> {
  const [head, before] = await Promise.all([
    findAuditHead(tx),
    readChain(tx, { fromSeq: from - 1, toSeq: from - 1, limit: 1 }),
  ]);
  const beyond = from - 1 > (head?.seq ?? 0);
  const hash = from === 1 || beyond ? noHash : (before[0]?.row_hash.toString('hex') ?? '');
  return { head: head?.seq ?? 0, start: { seq: from - 1, hash } };
}

async function checkBatch(
  tx: Tx<Tables>,
  {
    position,
    last,
    keys,
    verdict,
  }: { position: ChainPosition; last: number; keys: VerificationKeys; verdict: ChainVerdict },
): Promise<ChainPosition> {
  const range = { fromSeq: position.seq + 1, toSeq: Math.min(last, position.seq + batchRows) };
  const [rows, checkpoints] = await Promise.all([
    readChain(tx, { ...range, limit: batchRows }),
    listCheckpointsBetween(tx, range),
  ]);
  const ends = new Map(checkpoints.map((signed) => [signed.checkpoint.toSeq, signed]));
  let at = position;
  for (const row of rows) {
    const link = linkOfRow(row);
    const next = { tenantId: at.tenantId, seq: link.seq, hash: link.hash };
    const signed = ends.get(link.seq);
    const what = linkFault(link, at) ?? (signed && checkpointFault(signed, next, keys));
    if (what !== undefined) {
      verdict.fault = { seq: at.seq + 1, what };
      return at;
    }
    at = next;
    verdict.to = at.seq;
    verdict.rows += 1;
    verdict.erased += erasedParts(link);
    if (signed !== undefined) verdict.checkpoints += 1;
  }
  if (at.seq < range.toSeq) verdict.fault = { seq: at.seq + 1, what: 'is missing' };
  return at;
}
