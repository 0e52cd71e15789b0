import type { RoutePlugin } from '@idp/service';
import type { AuthContext } from '../../context.ts';
import { apiKeyRoutes } from './api-keys.ts';
import { ownAccountRoutes } from './own-account.ts';
import { credentialQuestionRoutes } from './public.ts';
import { serviceAccountRoutes } from './service-accounts.ts';
import { sessionListRoutes } from './sessions.ts';
import { signingKeyRoutes } from './signing-keys.ts';

/** Sessions, passwords, keys and service accounts. */
export function credentialRoutes(ctx: AuthContext): RoutePlugin[] {
  return [
    ownAccountRoutes(ctx),
    sessionListRoutes(ctx),
    apiKeyRoutes(ctx),
    credentialQuestionRoutes(ctx),
    serviceAccountRoutes(ctx),
    signingKeyRoutes(ctx),
  ];
}
