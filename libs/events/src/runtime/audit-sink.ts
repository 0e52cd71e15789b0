import { AuditOutcome, timestampFromDate } from '@idp/contracts';
import type { AuditRecord, AuditSink } from '@idp/database';
import { publish } from '../outbox/publish.ts';

const outcomes: Readonly<Record<AuditRecord['outcome'], AuditOutcome>> = {
  succeeded: AuditOutcome.SUCCEEDED,
  denied: AuditOutcome.DENIED,
  failed: AuditOutcome.FAILED,
};

/**
 * Emits `idp.common.v1.AuditRecorded` on `idp.<service>.audit.v1` for every audit row, in the transaction of the row.
 * A row whose states are too large for one event goes out without them, marked as truncated.
 */
export const auditSink: AuditSink = (tx, record) => {
  const { before = '', after = '' } = record;
  publish(tx, {
    type: 'idp.common.v1.AuditRecorded',
    aggregateId: record.id,
    subject: `audit-logs/${record.id}`,
    data: {
      auditId: record.id,
      occurredAt: timestampFromDate(new Date(record.occurredAt)),
      actor: { principal: record.actor, onBehalfOf: record.onBehalfOf ?? '' },
      action: record.action,
      resourceType: record.resourceType,
      resourceId: record.resourceId,
      outcome: outcomes[record.outcome],
      beforeJson: before,
      afterJson: after,
      truncated: record.truncated,
      ip: record.ip ?? '',
      userAgent: record.userAgent ?? '',
      sessionId: record.sessionId ?? '',
      requestId: record.requestId ?? '',
      traceId: record.traceId ?? '',
      reason: record.reason ?? '',
      service: record.service,
    },
  });
};
