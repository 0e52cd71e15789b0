import type { TextSigner } from '@idp/auth';
import { newId, timestampFromDate } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { publish } from '@idp/events';
import { signCheckpoint } from '../../audit/checkpoint.ts';
import { sealArrivals } from '../../audit/seal.ts';
import type { AuthContext } from '../../context.ts';
import type { VerificationKeySet } from '../../keys/verification-keys.ts';
import { readArrivals } from '../../store/audit/arrivals.ts';
import { moveIntoChain } from '../../store/audit/chain.ts';
import { insertCheckpoint } from '../../store/audit/checkpoints.ts';
import { lockAuditHead, saveAuditHead, type AuditHead } from '../../store/audit/heads.ts';
import type { Tables } from '../../store/tables.ts';

/** A checkpoint is signed after this many rows, or this long after the first row that none covers. */
const checkpointRows = 1_000;
export const checkpointAfterMs = 60_000;

export interface Sealed {
  rows: number;
  /** As many as a batch may have: there can be more. */
  isFull: boolean;
  /** When the oldest of them had arrived. */
  oldestReceivedAt?: string | undefined;
}

export interface SealOptions {
  /** Waits while another process seals, and signs a checkpoint for whatever none covers, however little it is. */
  completely?: boolean;
}

/**
 * Gives the next reports of a tenant their numbers and hashes, at most up to the next checkpoint, and signs the checkpoint
 * when it is due. Undefined while another process does it, unless all is to be sealed.
 */
export async function sealAuditLog(
  ctx: Pick<AuthContext, 'database' | 'clock'> & { auditKeys: Pick<VerificationKeySet, 'signer'> },
  tenantId: string,
  options: SealOptions = {},
): Promise<Sealed | undefined> {
  const signer = await ctx.auditKeys.signer();
  return ctx.database.tenant(tenantId).write((tx) => sealInTransaction(tx, { signer, now: ctx.clock(), ...options }), {
    unaudited: 'the audit log itself',
  });
}

async function sealInTransaction(
  tx: Tx<Tables>,
  { signer, now, completely = false }: SealOptions & { signer: TextSigner; now: Date },
): Promise<Sealed | undefined> {
  const head = await lockAuditHead(tx, { wait: completely });
  if (head === undefined) return undefined;
  const countMax = checkpointRows - (head.seq - head.checkpointSeq);
  const { numbers, arrivals } = await readArrivals(tx, countMax);
  const sealed = sealArrivals(tx.tenantId, head, arrivals);
  const last = sealed.at(-1);
  const grown: AuditHead =
    last === undefined
      ? head
      : { ...head, seq: last.row.seq, hash: last.hash, openSince: head.openSince ?? now.toISOString() };
  const due = completely || isDue(grown, now);
  const next = due && grown.seq > grown.checkpointSeq ? await addCheckpoint(tx, grown, signer, now) : grown;
  if (sealed.length > 0) await moveIntoChain(tx, numbers, sealed);
  if (next !== head) await saveAuditHead(tx, next);
  return { rows: sealed.length, isFull: sealed.length === countMax, oldestReceivedAt: arrivals[0]?.receivedAt };
}

function isDue({ seq, checkpointSeq, openSince }: AuditHead, now: Date): boolean {
  if (seq - checkpointSeq >= checkpointRows) return true;
  return openSince !== null && now.getTime() - Date.parse(openSince) >= checkpointAfterMs;
}

async function addCheckpoint(tx: Tx<Tables>, head: AuditHead, signer: TextSigner, now: Date): Promise<AuditHead> {
  const { tenantId } = tx;
  const id = newId();
  const signed = signCheckpoint(
    {
      at: now.toISOString(),
      fromSeq: head.checkpointSeq + 1,
      lastHash: head.hash,
      tenantId,
      toSeq: head.seq,
    },
    signer,
  );
  await insertCheckpoint(tx, id, signed);
  const { checkpoint, kid, signature } = signed;
  publish(tx, {
    type: 'idp.auth.v1.AuditCheckpointSigned',
    aggregateId: id,
    data: {
      checkpointId: id,
      fromSeq: BigInt(checkpoint.fromSeq),
      toSeq: BigInt(checkpoint.toSeq),
      lastHash: checkpoint.lastHash,
      signedAt: timestampFromDate(now),
      kid,
      signature,
    },
  });
  return { ...head, checkpointSeq: head.seq, openSince: null };
}
