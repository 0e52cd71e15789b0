import { envelope, principalOf, type RoutePlugin } from '@idp/service';
import { z } from 'zod';
import type { AuthContext } from '../../context.ts';
import { changePassword } from '../../operations/credentials/change-password.ts';
import { reauthenticate } from '../../operations/credentials/reauthenticate.ts';
import { createClientInfo } from '../client-info.ts';
import { carriedTokens, credentialBytesMax, password } from '../schemas.ts';
import { createSessionCookies } from '../session-cookies.ts';

const passwordErrors = ['INVALID_CREDENTIALS', 'PERMISSION_DENIED', 'RATE_LIMIT_EXCEEDED', 'HASH_BUSY'] as const;

/** What a person does about its own password. */
export function ownAccountRoutes(ctx: AuthContext): RoutePlugin {
  const clientOf = createClientInfo(ctx.publicUrl);
  const cookies = createSessionCookies(ctx);
  return async (app) => {
    app.post(
      '/api/v1/auth/reauthenticate',
      {
        bodyLimit: credentialBytesMax,
        config: { access: 'authenticated', idempotency: 'none', rateClass: 'login', errors: passwordErrors },
        schema: {
          operationId: 'reauthenticate',
          summary: 'Prove who you are once more, for what asks for a recent sign-in',
          tags: ['sessions'],
          body: z.strictObject({ password }),
          response: { 200: envelope(carriedTokens) },
        },
      },
      async (request, reply) => {
        const input = { principal: principalOf(request), password: request.body.password, client: clientOf(request) };
        const { accessToken, expiresIn } = await reauthenticate(ctx, input);
        if (request.headers.authorization !== undefined) return { data: { accessToken, expiresIn } };
        cookies.set(reply, { accessToken });
        return { data: { expiresIn } };
      },
    );
    app.post(
      '/api/v1/auth/password/change',
      {
        bodyLimit: credentialBytesMax,
        config: {
          access: 'authenticated',
          idempotency: 'none',
          rateClass: 'login',
          errors: [...passwordErrors, 'PASSWORD_REJECTED'],
        },
        schema: {
          operationId: 'changePassword',
          summary: 'Change your password; your other sessions end',
          tags: ['account'],
          body: z.strictObject({
            current: password,
            next: password,
            keepOtherSessions: z.boolean().default(false).meta({ description: 'Leave other devices signed in' }),
          }),
          response: { 204: z.null().meta({ description: 'The password has changed' }) },
        },
      },
      async (request, reply) => {
        await changePassword(ctx, { ...request.body, principal: principalOf(request), client: clientOf(request) });
        return reply.code(204).send(null);
      },
    );
  };
}
