import type { JobDefinitions } from '@idp/jobs';
import type { AuthContext } from '../context.ts';
import { auditExportJobs } from './audit-exports.ts';
import { auditPartitionJobs } from './audit-partitions.ts';

/** Queues and schedules of the audit log. */
export function auditJobs(ctx: AuthContext): Required<JobDefinitions> {
  const partitions = auditPartitionJobs(ctx);
  return { queues: [auditExportJobs(ctx), partitions.queue], schedules: [partitions.schedule] };
}
