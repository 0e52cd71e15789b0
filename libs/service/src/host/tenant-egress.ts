import type { AccessPort } from '@idp/auth';
import { isAllowEntry, type EgressOptions } from '@idp/egress';

/**
 * What of the operator's list counts for a tenant: its own list, which opens nothing that the operator's does not, else all of it. So it is
 * too while the tenant is not known here.
 */
export function tenantEgress(
  access: AccessPort,
  operator: readonly string[],
): NonNullable<EgressOptions['tenantSettings']> {
  return async (tenantId) => ({
    // What cannot be read opens nothing.
    allow: access.world(tenantId)?.tenant.egress?.filter(isAllowEntry) ?? operator,
    plainHttpWebhooks: false,
  });
}
