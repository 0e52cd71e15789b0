import { setTimeout as pause } from 'node:timers/promises';
import { currentContext } from '@idp/telemetry';
import type { Access, AccessResource, Principal } from '@idp/auth';
import type { AuditEntry, Database } from '@idp/database';
import { PermissionError } from '@idp/errors';
import { RequestOperation } from '../http/operation.ts';
import type { BackgroundRunner } from './background.ts';

const minuteMs = 60_000;
/** Denials of one minute that are told apart; those beyond are recorded one by one. */
const foldedMax = 10_000;

/**
 * The service's access decision, with an audit row (`outcome: denied`) for every refused check of a request that would have
 * changed something: that of its route and those of its operations. The row is written beside the answer, which does
 * not wait for it. What is refused again within the same minute becomes one more row at its end, with the count.
 */
export function auditDenials(options: {
  access: Access;
  // oxlint-disable-next-line typescript/no-explicit-any -- the audit log is all that is written
  database: Database<any>;
  background: BackgroundRunner;
  clock: () => Date;
}): Access {
  const { access, database, background, clock } = options;
  let minute = 0;
  let folded = new Map<string, { repeated: number }>();

  function record(name: string, principal: Principal, entry: () => AuditEntry, delayMs = 0): void {
    background.run(name, async (signal) => {
      // A stop ends the minute early.
      if (delayMs > 0) await pause(delayMs, undefined, { signal }).catch(() => undefined);
      await database.tenant(principal.tenantId).write(async (tx) => void tx.audit(entry()));
    });
  }

  function denied(principal: Principal, entry: AuditEntry): void {
    const now = clock().getTime();
    if (Math.floor(now / minuteMs) !== minute) {
      minute = Math.floor(now / minuteMs);
      folded = new Map();
    }
    const { tenantId, actor } = principal;
    const key = JSON.stringify([tenantId, actor, entry.action, entry.resourceType, entry.resourceId]);
    const known = folded.get(key);
    if (known === undefined) {
      if (folded.size < foldedMax) folded.set(key, { repeated: 0 });
      record('audit-denial', principal, () => entry);
      return;
    }
    known.repeated += 1;
    if (known.repeated > 1) return;
    const repetitions = (): AuditEntry => ({ ...entry, after: { repeated: known.repeated } });
    record('audit-denials', principal, repetitions, (minute + 1) * minuteMs - now);
  }

  function recorded(error: unknown, principal: Principal, permission: string, resource?: AccessResource): unknown {
    if (error instanceof PermissionError && isMutation()) {
      denied(principal, {
        action: permission,
        resourceType: resource?.type ?? permission.split(':')[1]!,
        resourceId: resource?.id ?? '-',
        outcome: 'denied',
      });
    }
    return error;
  }

  return {
    allows: (principal, permission, resource) => access.allows(principal, permission, resource),
    visibility: (principal, permission, columns) => access.visibility(principal, permission, columns),
    async rights(principal, permission) {
      const rights = await access.rights(principal, permission);
      return {
        ...rights,
        require(resource) {
          try {
            rights.require(resource);
          } catch (error) {
            throw recorded(error, principal, permission, resource);
          }
        },
      };
    },
    async requirePermission(principal, permission, resource) {
      try {
        await access.requirePermission(principal, permission, resource);
      } catch (error) {
        throw recorded(error, principal, permission, resource);
      }
    },
  };
}

function isMutation(): boolean {
  const context = currentContext();
  return context instanceof RequestOperation && context.plan?.mutates === true;
}
