import { newId } from '@idp/contracts';
import { currentContext } from '@idp/telemetry';
import type { AuditEntry, AuditRecord } from '../contract.ts';
import { keepStates } from './states.ts';

/** One audit entry with who, whence and when, as the record of the sink and as the row of `audit_log`. */
export function recordAudit(
  entry: AuditEntry,
  { service, tenantId }: { service: string; tenantId: string },
): { record: AuditRecord; row: Record<string, unknown> } {
  const context = currentContext();
  const states = keepStates(entry.before, entry.after, entry.sensitive ?? []);
  const record: AuditRecord = {
    id: newId(),
    tenantId,
    service,
    occurredAt: new Date().toISOString(),
    action: entry.action,
    resourceType: entry.resourceType,
    resourceId: entry.resourceId,
    outcome: entry.outcome ?? 'succeeded',
    actor: context?.actor ?? `service:${service}`,
    ...defined({
      onBehalfOf: context?.onBehalfOf,
      sessionId: context?.sessionId,
      ip: context?.ip,
      userAgent: context?.userAgent,
      requestId: context?.requestId,
      traceId: context?.traceId,
      reason: entry.reason,
    }),
    ...states,
  };
  return { record, row: rowOf(record) };
}

/** The same columns for every row, so that all rows of a transaction leave in one statement. */
function rowOf(record: AuditRecord): Record<string, unknown> {
  return {
    tenant_id: record.tenantId,
    occurred_at: record.occurredAt,
    id: record.id,
    action: record.action,
    resource_type: record.resourceType,
    resource_id: record.resourceId,
    outcome: record.outcome,
    actor: record.actor,
    on_behalf_of: record.onBehalfOf ?? null,
    session_id: record.sessionId ?? null,
    ip: record.ip ?? null,
    user_agent: record.userAgent ?? null,
    request_id: record.requestId ?? null,
    trace_id: record.traceId ?? null,
    reason: record.reason ?? null,
    before: record.before ?? null,
    after: record.after ?? null,
    truncated: record.truncated,
  };
}

function defined<T extends Record<string, string | undefined>>(members: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string;
  };
}
