import { newId } from '@idp/contracts';
import { arrivalColumns } from '../../src/store/audit/arrivals.ts';
import type { RunningAuth } from '../support/running-auth.ts';

export interface ChainRow {
  seq: string;
  id: string;
  received_at: Date;
  occurred_at: Date;
  service: string;
  actor: string;
  action: string;
  resource_type: string;
  resource_id: string;
  outcome: string;
  before: string | null;
  after: string | null;
  truncated: boolean;
  states_salt: string | null;
  states_hash: Buffer | null;
  request_id: string | null;
  trace_id: string | null;
  reason: string | null;
  prev_hash: Buffer;
  row_hash: Buffer;
}

/** The chain of a tenant as the database holds it. */
export async function sealedRows({ sql }: Pick<RunningAuth, 'sql'>, tenantId: string): Promise<ChainRow[]> {
  const { rows } = await sql.query<ChainRow>('select * from auth.audit_chain where tenant_id = $1 order by seq', [
    tenantId,
  ]);
  return rows;
}

/** Reports of some service, as the consumer stores them. */
export async function arrive(
  { ctx }: Pick<RunningAuth, 'ctx'>,
  tenantId: string,
  count: number,
  { wake = true }: { wake?: boolean } = {},
): Promise<void> {
  await ctx.database.tenant(tenantId).write(
    async (tx) => {
      for (let at = 0; at < count; at += 1) {
        tx.beforeCommit(
          'audit_arrivals',
          arrivalColumns({
            id: newId(),
            occurredAt: new Date().toISOString(),
            service: 'catalog',
            actor: 'user:someone',
            action: 'catalog:service:update',
            resourceType: 'service',
            resourceId: `service-${at}`,
            outcome: 'succeeded',
            before: JSON.stringify({ revision: at }),
            after: JSON.stringify({ revision: at + 1 }),
            truncated: false,
            ip: '203.0.113.7',
            userAgent: 'test',
          }),
        );
      }
    },
    { unaudited: 'test' },
  );
  if (wake) ctx.auditArrivals.wake();
}
