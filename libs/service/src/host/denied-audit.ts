import { currentContext } from '@idp/telemetry';
import type { Access } from '@idp/auth';
import type { Database } from '@idp/database';
import { PermissionError } from '@idp/errors';
import { RequestOperation } from '../http/operation.ts';
import type { BackgroundRunner } from './background.ts';

/**
 * The service's access decision, with an audit row (`outcome: denied`) for every refused check of a request that would have
 * changed something: that of its route and those of its operations. The row is written beside the answer, which does
 * not wait for it.
 */
export function auditDenials(options: {
  access: Access;
  // oxlint-disable-next-line typescript/no-explicit-any -- the audit log is all that is written
  database: Database<any>;
  background: BackgroundRunner;
}): Access {
  const { access, database, background } = options;
  return {
    allows: (principal, permission, resource) => access.allows(principal, permission, resource),
    visibility: (principal, permission, columns) => access.visibility(principal, permission, columns),
    async requirePermission(principal, permission, resource) {
      try {
        await access.requirePermission(principal, permission, resource);
      } catch (error) {
        if (error instanceof PermissionError && isMutation()) {
          const entry = {
            action: permission,
            resourceType: resource?.type ?? permission.split(':')[1]!,
            resourceId: resource?.id ?? '-',
            outcome: 'denied' as const,
          };
          background.run('audit-denial', () =>
            database.tenant(principal.tenantId).write(async (tx) => tx.audit(entry)),
          );
        }
        throw error;
      }
    },
  };
}

function isMutation(): boolean {
  const context = currentContext();
  return context instanceof RequestOperation && context.plan?.mutates === true;
}
