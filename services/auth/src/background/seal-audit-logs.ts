import { setTimeout as pause } from 'node:timers/promises';
import type { BackgroundTask } from '@idp/service';
import type { AuthContext } from '../context.ts';
import { checkpointAfterMs, sealAuditLog } from '../operations/audit/seal-audit-log.ts';
import { countUnsealed, listTenantsToSeal } from '../store/audit/arrivals.ts';

/** Other processes' reports and due checkpoints are found by looking; those of this process wake it. */
const lookEveryMs = 5_000;
/** Reports that come together are sealed together: each batch costs as much as some of its rows. */
const gatherMs = 200;
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
        const isDone = await sealRound(ctx, signal);
        if (!isDone) continue;
        await measure(ctx);
        await ctx.auditArrivals.wait(lookEveryMs, signal);
        await pause(gatherMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

/** One batch of every tenant that has something to seal; whether no tenant has more than that. */
async function sealRound(ctx: AuthContext, signal: AbortSignal): Promise<boolean> {
  const tenants = await listTenantsToSeal(ctx.database, new Date(ctx.clock().getTime() - checkpointAfterMs));
  let isDone = true;
  for (const tenantId of tenants) {
    signal.throwIfAborted();
    try {
      const sealed = await sealAuditLog(ctx, tenantId);
      if (sealed?.isFull === true) isDone = false;
      if (sealed !== undefined) ctx.auditMetrics.sealed(sealed);
    } catch (err) {
      ctx.logger.error({ err, tenantId }, 'the audit log of a tenant could not be sealed');
    }
  }
  return isDone;
}

async function measure(ctx: AuthContext): Promise<void> {
  const { unsealed } = await countUnsealed(ctx.database, countedMax);
  ctx.auditMetrics.unsealed(unsealed);
}
