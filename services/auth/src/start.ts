import { ConfigError } from '@idp/config';
import { AppError } from '@idp/errors';
import type { AuthContext } from './context.ts';
import { setUpPlatform } from './operations/setup/set-up-platform.ts';

/**
 * The first owner named by `IDP_ADMIN_EMAIL` and `IDP_ADMIN_PASSWORD`, which act only while no user exists. A value the
 * rules refuse stops the start with a ConfigError that says why. Without them the log holds the setup token, in this one line alone.
 */
export async function setUpAtStart(ctx: AuthContext): Promise<void> {
  const { logger } = ctx;
  const { IDP_ADMIN_EMAIL: email, IDP_ADMIN_PASSWORD: password, IDP_TENANT: tenantSlug } = ctx.setup;
  const owner = email !== undefined && password !== undefined ? { email, password } : undefined;
  try {
    const state = await setUpPlatform(ctx, { tenantSlug, ...(owner && { owner }) });
    if (state.kind === 'done') logger.info('the first tenant and its owner exist now');
    if (state.kind === 'waiting') {
      const where = `POST ${ctx.publicUrl}/api/v1/auth/setup`;
      logger.warn(`nobody can sign in yet: make the first owner by ${where} with the setup token ${state.token}`);
    }
  } catch (error) {
    throw configurationFault(error) ?? error;
  }
}

function configurationFault(cause: unknown): ConfigError | undefined {
  if (!(cause instanceof AppError)) return undefined;
  const names: Partial<Record<AppError['code'], string>> = {
    PASSWORD_REJECTED: 'IDP_ADMIN_PASSWORD',
    NAME_RESERVED: 'IDP_TENANT',
    VALIDATION_ERROR: cause.message.startsWith('the slug') ? 'IDP_TENANT' : 'IDP_ADMIN_EMAIL',
  };
  const name = names[cause.code];
  return name === undefined ? undefined : new ConfigError([{ name, message: cause.message }]);
}
