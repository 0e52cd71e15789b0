import type { PlatformPorts } from '@idp/auth';
import { accessPort } from './access/port.ts';
import type { AuthContext } from './context.ts';
import { recordKeyUses, verifyApiKey } from './operations/credentials/verify-api-key.ts';

/** What the services of this process ask auth for without HTTP. */
export function platformPorts(ctx: AuthContext): PlatformPorts {
  return {
    jwks: { keys: () => ctx.signingKeys.published() },
    access: accessPort(ctx),
    apiKeys: {
      verify: (key) => verifyApiKey(ctx, key),
      report: (uses) => recordKeyUses(ctx, uses),
    },
    revocations: ctx.revocations,
  };
}
