import { AuditOutcome, timestampDate, type EventMessage } from '@idp/contracts';
import type { Tx } from '@idp/database';
import { defineConsumer, type ConsumedEvent } from '@idp/events';
import type { AuditOutcome as Outcome } from '../audit/row.ts';
import type { Waker } from '../audit/waker.ts';
import { arrivalColumns } from '../store/audit/arrivals.ts';
import type { Tables } from '../store/tables.ts';

type Recorded = ConsumedEvent<'idp.common.v1.AuditRecorded'>;

/** Every service reports what was changed or refused, this one as well; the sealer numbers it. */
export function onAuditRecorded(arrivals: Pick<Waker, 'wake'>) {
  return defineConsumer({
    name: 'auth.audit-log',
    types: ['idp.common.v1.AuditRecorded'],
    ordering: 'none',
    allowOwn: true,
    async handleMany(tx: Tx<Tables>, events: readonly Recorded[]) {
      for (const event of events) tx.beforeCommit('audit_arrivals', arrivalColumns(arrivalOf(event)));
      tx.afterCommit(() => arrivals.wake());
    },
  });
}

const outcomes: Readonly<Record<AuditOutcome, Outcome>> = {
  [AuditOutcome.UNSPECIFIED]: 'succeeded',
  [AuditOutcome.SUCCEEDED]: 'succeeded',
  [AuditOutcome.DENIED]: 'denied',
  [AuditOutcome.FAILED]: 'failed',
};

function arrivalOf({ data, time }: Recorded) {
  return {
    id: data.auditId,
    occurredAt: occurredAt(data, time),
    service: data.service,
    actor: data.actor?.principal ?? '',
    onBehalfOf: text(data.actor?.onBehalfOf),
    action: data.action,
    resourceType: data.resourceType,
    resourceId: data.resourceId,
    outcome: outcomes[data.outcome as AuditOutcome] ?? 'failed',
    before: text(data.beforeJson),
    after: text(data.afterJson),
    truncated: data.truncated,
    ip: text(data.ip),
    userAgent: text(data.userAgent),
    sessionId: text(data.sessionId),
    requestId: text(data.requestId),
    traceId: text(data.traceId),
    reason: text(data.reason),
  };
}

function occurredAt({ occurredAt: at }: EventMessage<'idp.common.v1.AuditRecorded'>, time: string): string {
  return at === undefined ? new Date(time).toISOString() : timestampDate(at).toISOString();
}

function text(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
