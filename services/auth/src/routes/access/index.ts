import type { RoutePlugin } from '@idp/service';
import type { AuthContext } from '../../context.ts';
import { backstagePermissionRoutes } from './backstage.ts';
import { bindingRoutes } from './bindings.ts';
import { decisionRoutes } from './decisions.ts';
import { policyRoutes } from './policies.ts';
import { questionRoutes } from './questions.ts';
import { roleRoutes } from './roles.ts';

/** Who may do what: roles, who holds them, policies, and questions about it. */
export function accessRoutes(ctx: AuthContext): RoutePlugin[] {
  return [
    roleRoutes(ctx),
    bindingRoutes(ctx),
    policyRoutes(ctx),
    decisionRoutes(ctx),
    questionRoutes(ctx),
    backstagePermissionRoutes(ctx),
  ];
}
