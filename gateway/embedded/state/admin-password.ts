import { randomBytes } from 'node:crypto';
import type { HostConfig } from '../host/config.ts';
import type { StateDirectory } from './state-directory.ts';

/** Password of the first owner, and where a person finds it. */
export interface FirstOwnerPassword {
  /** Undefined when the platform has been set up with a password that was not kept here. */
  value: string | undefined;
  /** For the start table. */
  shown: string;
}

const fileName = 'admin-password';

/**
 * `IDP_ADMIN_PASSWORD`, or one that is made before the first start, kept in a private file and shown at starts until one has
 * succeeded. It only matters while there is no user.
 */
export async function firstOwnerPassword(config: HostConfig, state: StateDirectory): Promise<FirstOwnerPassword> {
  if (config.IDP_ADMIN_PASSWORD !== undefined) {
    return { value: config.IDP_ADMIN_PASSWORD, shown: 'as given in IDP_ADMIN_PASSWORD at the first start' };
  }
  const isFirstStart = (await state.startedVersion()) === undefined;
  const kept = isFirstStart
    ? (await state.secret(fileName, () => randomBytes(18).toString('base64url'))).value
    : await state.findSecret(fileName);
  if (kept === undefined) return { value: undefined, shown: 'as given in IDP_ADMIN_PASSWORD at the first start' };
  return { value: kept, shown: isFirstStart ? kept : `kept in ${state.secretFile(fileName)}` };
}
