import { defineQueue, type QueueDefinition } from '@idp/jobs';
import type { AuthContext } from '../context.ts';
import { auditExportQueue, type AuditExportJob } from '../operations/audit/request-export.ts';
import { sealAuditLog } from '../operations/audit/seal-audit-log.ts';
import { findCheckpointedRange } from '../store/audit/checkpoints.ts';
import { findAuditExport, finishAuditExport } from '../store/audit/exports.ts';
import type { Tables } from '../store/tables.ts';

/** Reports that came in while the export is made end up in it, but nobody waits for those that keep coming. */
const batchesMax = 100;

/** Seals and signs what has come in until now, then says which rows the export holds. */
export function auditExportJobs(ctx: AuthContext): QueueDefinition<AuditExportJob, Tables> {
  return defineQueue<AuditExportJob, Tables>({
    ...auditExportQueue,
    async handler(job) {
      const { tenantId, payload, signal } = job;
      for (let batch = 0; batch < batchesMax; batch += 1) {
        signal.throwIfAborted();
        const sealed = await sealAuditLog(ctx, tenantId, { completely: true });
        if (sealed === undefined || sealed.rows === 0) break;
      }
      await job.transaction(
        async (tx) => {
          const asked = await findAuditExport(tx, payload.exportId);
          if (asked === undefined) return;
          await finishAuditExport(tx, asked.id, { range: await findCheckpointedRange(tx, asked), at: ctx.clock() });
        },
        { unaudited: 'asking for the export was recorded' },
      );
    },
  });
}
