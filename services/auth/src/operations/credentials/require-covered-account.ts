import { grantedRules, patternCovers, scopeCovers, type Principal } from '@idp/auth';
import type { Tx } from '@idp/database';
import type { Tables } from '../../store/tables.ts';
import { lockAccess, requireGrant, type AccessCtx } from '../access/setting.ts';

/**
 * Nobody gets a credential of a service account that may do, within these scopes, what they do not hold there themselves: 403
 * `SCOPE_ESCALATION` names the first permission too many (auth §3.10). Nobody else changes who may do what before the transaction ends.
 */
export async function requireCoveredAccount(
  tx: Tx<Tables>,
  ctx: AccessCtx,
  principal: Principal,
  { accountId, scopes }: { accountId: string; scopes: readonly string[] },
): Promise<void> {
  const setting = await lockAccess(tx, ctx, principal);
  const { world, catalogue, now } = setting;
  const bounds = scopes.join(' ');
  for (const binding of world.people.subject('service-account', accountId)?.bindings ?? []) {
    if (binding.expiresAt !== undefined && binding.expiresAt <= now.getTime()) continue;
    const rules = grantedRules(world, binding.roleId, binding.condition).flatMap((rule) =>
      catalogue.names
        .filter((permission) => patternCovers(rule.permission, permission) && scopeCovers(bounds, permission))
        .map((permission) => ({ ...rule, permission })),
    );
    requireGrant(setting, rules, binding);
  }
}
