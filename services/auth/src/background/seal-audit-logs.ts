import type { BackgroundTask } from '@idp/service';
import type { AuthContext } from '../context.ts';
import { checkpointAfterMs, sealAuditLog } from '../operations/audit/seal-audit-log.ts';
import { countUnsealed, listTenantsToSeal } from '../store/audit/arrivals.ts';

/** Other processes' reports and due checkpoints are found by looking; those of this process wake it. */
const lookEveryMs = 5_000;
const countedMax = 100_000;

/**
 * The sealer: one loop per process. A tenant that another process is at is left out, and one that fails does not keep the
 * others waiting.
 */
export function sealAuditLogs(ctx: AuthContext): BackgroundTask {
  return {
    name: 'seal-audit-logs',
    async run(signal) {
      while (!signal.aborted) {
        const sealed = await sealRound(ctx, signal);
        if (sealed > 0) continue;
        await measure(ctx);
        await ctx.auditArrivals.wait(lookEveryMs, signal);
      }
    },
  };
}

/** One turn of every tenant that has something to seal; how many rows were sealed. */
async function sealRound(ctx: AuthContext, signal: AbortSignal): Promise<number> {
  const tenants = await listTenantsToSeal(ctx.database, new Date(ctx.clock().getTime() - checkpointAfterMs));
  let rows = 0;
  for (const tenantId of tenants) {
    signal.throwIfAborted();
    try {
      const sealed = await sealAuditLog(ctx, tenantId);
      rows += sealed?.rows ?? 0;
      if (sealed !== undefined) ctx.auditMetrics.sealed(sealed);
    } catch (err) {
      ctx.logger.error({ err, tenantId }, 'the audit log of a tenant could not be sealed');
    }
  }
  return rows;
}

async function measure(ctx: AuthContext): Promise<void> {
  const { unsealed } = await countUnsealed(ctx.database, countedMax);
  ctx.auditMetrics.unsealed(unsealed);
}
