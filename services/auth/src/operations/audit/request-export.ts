import { z } from 'zod';
import { newId } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { enqueue, type QueueAddress } from '@idp/jobs';
import { insertAuditExport, type AuditExport } from '../../store/audit/exports.ts';
import type { Tables } from '../../store/tables.ts';

export interface AuditExportJob {
  exportId: string;
}

export const auditExportQueue: QueueAddress<AuditExportJob> = {
  name: 'audit-exports',
  payload: z.strictObject({ exportId: z.uuid() }),
};

/** Asks for an export; a job finds its rows. */
export async function requestExport(
  tx: Tx<Tables>,
  { actor, now, from, to }: { actor: string; now: Date; from?: string | undefined; to?: string | undefined },
): Promise<AuditExport> {
  const asked = {
    id: newId(),
    createdBy: actor,
    createdAt: now.toISOString(),
    signedAfter: from ?? null,
    signedUntil: to ?? null,
  };
  await insertAuditExport(tx, asked);
  await enqueue(tx, auditExportQueue, { exportId: asked.id }, { dedupKey: asked.id });
  tx.audit({
    action: 'auth:audit:export',
    resourceType: 'audit-export',
    resourceId: asked.id,
    after: { format: 'ndjson', from: asked.signedAfter, to: asked.signedUntil },
  });
  return { ...asked, state: 'pending', fromSeq: null, toSeq: null, readyAt: null };
}
