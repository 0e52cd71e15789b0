import { currentContext, runInContext } from '@idp/telemetry';
import type { Tx } from '@idp/database';

/** What another system says has happened there. */
export interface ReportedAccess {
  /** `external:<system>:<verb>`. */
  action: string;
  resourceType: string;
  resourceId: string;
  outcome: 'succeeded' | 'denied' | 'failed';
  /** Who did it, by the name that system has for it. */
  actor: string;
  occurredAt?: string | undefined;
  ip?: string | undefined;
  userAgent?: string | undefined;
  reason?: string | undefined;
  details?: Record<string, unknown> | undefined;
}

/**
 * Records it as the report it is: the caller is the actor, whom it names stands behind it, and the time it names is part of
 * what it says. Returns the id of the row.
 */
export function recordAccess<DB>(tx: Tx<DB>, access: ReportedAccess): string {
  const { action, resourceType, resourceId, outcome, actor, occurredAt, ip, userAgent, reason, details } = access;
  const said = { ...(occurredAt !== undefined && { occurredAt }), ...(details !== undefined && { details }) };
  const record = (): string =>
    tx.audit({
      action,
      resourceType,
      resourceId,
      outcome,
      after: said,
      ...(reason !== undefined && { reason }),
    });
  const context = currentContext();
  if (context === undefined) return record();
  return runInContext({ ...context, onBehalfOf: `external:${actor}`, ip, userAgent }, record);
}
